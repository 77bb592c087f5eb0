using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Llm2Clip.Files;

/// <summary>
/// How the project writes and reads JSON: snake_case keys and enum values as in the run file, text in any language as it is, not escaped.
/// </summary>
internal static class Json
{
    /// <summary>
    /// Files that the program reads again, indented, as people read them too. Reading is strict: unknown and doubled keys, missing required
    /// ones, null where the type has none, and numbers in the place of enums are a <see cref="JsonException"/>.
    /// </summary>
    public static readonly JsonSerializerOptions File = Strict(indented: true);

    /// <summary>The same on one line.</summary>
    public static readonly JsonSerializerOptions Line = Strict(indented: false);

    /// <summary>Results for people and scripts, indented; never read here. NaN and the infinities are written as texts.</summary>
    public static readonly JsonSerializerOptions Report = new(File)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>JSON that is written key by key, on one line.</summary>
    public static readonly JsonWriterOptions Writer = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Documents of others, in which a doubled key would have two meanings.</summary>
    public static readonly JsonDocumentOptions Document = new() { AllowDuplicateProperties = false };

    private static JsonSerializerOptions Strict(bool indented) => new()
    {
        WriteIndented = indented,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };
}
