using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Llm2Clip.Vision;

/// <summary>Reads a model's JSON file strictly: problems are collected, so that one message lists them all.</summary>
internal sealed class JsonKeys(string path)
{
    private readonly List<string> _problems = [];

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

    public int Count(JsonObject json, string key, int fallback)
    {
        var value = Number(json, key, fallback);
        return value is >= 1 and <= 1 << 20 && value == Math.Floor(value)
            ? (int)value
            : Refuse(1, $"{key} is {value.ToString(CultureInfo.InvariantCulture)}; it must be a whole number above 0");
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

    public void ThrowIfAny()
    {
        if (_problems.Count > 0)
        {
            throw new InputException($"{path} describes a model that is not supported:{string.Concat(_problems.Select(p => "\n  " + p))}");
        }
    }

    private static JsonElement? Value(JsonObject json, string key) =>
        json[key] is { } node && node.GetValueKind() != JsonValueKind.Null ? JsonSerializer.SerializeToElement(node) : null;
}
