using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Llm2Clip.Files;

/// <summary>Reads a model's JSON file strictly: problems are collected, so that one message lists them all.</summary>
internal sealed class JsonKeys(string path)
{
    private readonly List<string> _problems = [];

    /// <summary>
    /// The object that a file holds, checked as a whole: nodes are read when they are asked for, and a key that occurs twice, a text that
    /// is not Unicode or a number beyond a double would be found there. Throws <see cref="InputException"/>, naming file and place;
    /// <paramref name="what"/> is what it should have been.
    /// </summary>
    public static JsonObject ReadObject(string path, string what)
    {
        LfsPointer.Refuse(path);
        try
        {
            var bytes = File.ReadAllBytes(path);
            using (var document = JsonDocument.Parse(bytes, Json.Document))
            {
                RequireValues(document.RootElement);
            }
            return JsonNode.Parse(bytes) as JsonObject ?? throw new JsonException("it is not an object");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read as {what}: {error.Message}", error);
        }
    }

    private static void RequireValues(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var field in value.EnumerateObject())
                {
                    _ = field.Name;
                    RequireValues(field.Value);
                }
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    RequireValues(item);
                }
                break;
            case JsonValueKind.String:
                _ = value.GetString();
                break;
            case JsonValueKind.Number when !double.IsFinite(value.GetDouble()):
                throw new JsonException($"the number {value.GetRawText()} is out of range");
        }
    }

    public T Refuse<T>(T placeholder, string problem)
    {
        _problems.Add(problem);
        return placeholder;
    }

    public string Text(JsonObject json, string key, string fallback) => Value(json, key) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.String } value => value.GetString()!,
        { } other => Refuse(fallback, $"{key} is {other.GetRawText()}; it must be a text"),
    };

    public double Number(JsonObject json, string key, double fallback) => Value(json, key) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.Number } value => value.GetDouble(),
        { } other => Refuse(fallback, $"{key} is {other.GetRawText()}; it must be a number"),
    };

    public int Count(JsonObject json, string key, int fallback, int least = 1)
    {
        var value = Number(json, key, fallback);
        return value >= least && value <= 1 << 20 && value == Math.Floor(value)
            ? (int)value
            : Refuse(least,
                $"{key} is {value.ToString(CultureInfo.InvariantCulture)}; it must be a whole number from {least} to {1 << 20}");
    }

    public bool Flag(JsonObject json, string key, bool fallback) => Value(json, key) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => Refuse(fallback, $"{key} is {other.GetRawText()}; it must be true or false"),
    };

    public void Expect(JsonObject json, string key, string expected, string fallback)
    {
        if (Text(json, key, fallback) is var found && found != expected)
        {
            _problems.Add($"{key} is '{found}'; supported is {expected}");
        }
    }

    public void ExpectNumber(JsonObject json, string key, double expected, double fallback)
    {
        if (Number(json, key, fallback) is var found && found != expected)
        {
            _problems.Add(string.Create(CultureInfo.InvariantCulture, $"{key} is {found}; supported is {expected}"));
        }
    }

    public void RefuseUnknown(JsonObject json, IReadOnlyCollection<string> read, IReadOnlySet<string> ignored, string prefix)
    {
        _problems.AddRange(json.Select(pair => pair.Key).Where(key => !read.Contains(key) && !ignored.Contains(key))
            .Select(key => $"{prefix}{key} is not known, so what it changes would be lost"));
    }

    public void ThrowIfAny(string what = "a model")
    {
        if (_problems.Count > 0)
        {
            throw new InputException($"{path} describes {what} that is not supported:{string.Concat(_problems.Select(p => "\n  " + p))}");
        }
    }

    private static JsonElement? Value(JsonObject json, string key) =>
        json[key] is { } node && node.GetValueKind() != JsonValueKind.Null ? JsonSerializer.SerializeToElement(node) : null;
}
