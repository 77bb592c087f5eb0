using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;

namespace Llm2Clip.Runtime;

/// <summary>The packages that the program is made of.</summary>
internal static class ManagedComponent
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Packages = new(Read);

    /// <summary>The package whose assembly has that name; null where it is not part of the program.</summary>
    public static RuntimeComponent? Of(string package, string assembly)
    {
        try
        {
            var loaded = Assembly.Load(assembly);
            return new RuntimeComponent(package, Version(package, loaded), File(loaded));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Where an assembly was loaded from; null where it is part of a single file.</summary>
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "No path is an answer too.")]
    public static string? File(Assembly assembly) => assembly.Location is { Length: > 0 } path ? path : null;

    /// <summary>
    /// The package's version: as the build wrote it beside the program, or else what the assembly says of itself (some leave it at 0.0.0),
    /// without the commit that builds append.
    /// </summary>
    public static string? Version(string package, Assembly assembly) =>
        Packages.Value.GetValueOrDefault(package)
        ?? assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? assembly.GetName().Version?.ToString(3);

    /// <summary>Versions by package, from the program's deps.json; none where it was published without one.</summary>
    private static IReadOnlyDictionary<string, string> Read()
    {
        var file = (AppContext.GetData("APP_CONTEXT_DEPS_FILES") as string)?.Split(';')[0];
        try
        {
            using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(file ?? ""));
            return json.RootElement.GetProperty("libraries").EnumerateObject()
                .Select(library => library.Name.Split('/'))
                .Where(parts => parts.Length == 2)
                .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.OrdinalIgnoreCase);
        }
        catch (Exception error) when (error is IOException or ArgumentException or UnauthorizedAccessException
            or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new Dictionary<string, string>();
        }
    }
}
