using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// The words beside a store that say what its teacher was (<see cref="TeacherDescription"/>). The fingerprint decides; this only says in
/// which setting another teacher differs.
/// </summary>
internal static class StoreDescription
{
    /// <summary>Name of the file in the store's folder.</summary>
    public const string FileName = "teacher-settings.json";

    /// <summary>Writes it for a new store, and where it is not there yet.</summary>
    public static void Keep(string folder, IReadOnlyDictionary<string, string>? teacher, bool isNew)
    {
        var path = Path.Combine(folder, FileName);
        if (teacher is not null && (isNew || !File.Exists(path)))
        {
            PendingFile.Write(path, JsonSerializer.Serialize(teacher, Json.File) + "\n");
        }
    }

    /// <summary>Where a store's teacher differs from another, as a sentence with a space before; empty where that is not known.</summary>
    public static string Difference(string folder, IReadOnlyDictionary<string, string>? teacher)
    {
        if (teacher is null || Read(folder) is not { } there)
        {
            return "";
        }
        var difference = TeacherDescription.Difference(there, teacher);
        return difference.Length > 0 ? $" They differ: {difference}." : "";
    }

    private static Dictionary<string, string>? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllBytes(Path.Combine(folder, FileName)), Json.File);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // The message does without it.
        }
    }
}
