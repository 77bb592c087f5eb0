using System.Text.Json;
using Llm2Clip.Data.Lists;

namespace Llm2Clip.Data;

/// <summary>A record that cannot be used; the message says why. Caught by the source, which reports it as a <see cref="BadSample"/>.</summary>
internal sealed class BadRecordException(string message, BadSampleCause cause = BadSampleCause.BadRecord) : Exception(message)
{
    /// <summary>Why, for counting.</summary>
    public BadSampleCause Cause { get; } = cause;
}

/// <summary>
/// Finds the captions of a record. Forms of a value: a text, a list of texts, or kinds of those
/// (<c>{"short": [..], "long": ".."}</c>). Without configured keys, the field <c>captions</c> (languages of values, or a value),
/// else <c>caption</c>, else the txt member is taken; with configured keys those alone.
/// </summary>
internal sealed class CaptionReader
{
    /// <summary>A caption key that means the txt member rather than a JSON field.</summary>
    public const string TextMember = "txt";

    private readonly string _language;
    private readonly CaptionKind _kind;
    private readonly (string Key, string Language, CaptionKind Kind)[] _keys;

    /// <summary><paramref name="language"/> and <paramref name="kind"/> are the data format's own, for where the run file states none.</summary>
    public CaptionReader(DataConfig config, string language = "en", CaptionKind kind = CaptionKind.Short)
    {
        _language = config.Language.Length > 0 ? config.Language : language;
        _kind = config.Kind ?? kind;
        _keys = [.. config.CaptionKeys.Select(key => (
            key.Key,
            key.Language.Length > 0 ? key.Language : _language,
            key.Kind ?? _kind))];
    }

    /// <summary>
    /// The captions of one record. Empty ones are left out with a remark. Throws <see cref="BadRecordException"/> where none is
    /// left or a value is not a caption.
    /// </summary>
    public IReadOnlyList<Caption> Read(JsonElement? json, string? text, List<string> remarks)
    {
        if (json is { ValueKind: not JsonValueKind.Object })
        {
            throw new BadRecordException($"the JSON is not an object but {JsonFields.Describe(json.Value)}");
        }
        var captions = new List<Caption>();
        if (_keys.Length > 0)
        {
            ReadConfigured(json, text, captions, remarks);
        }
        else if (Property(json, "captions") is { } several)
        {
            ReadCaptions(several, captions, remarks);
        }
        else if (Property(json, "caption") is { } one)
        {
            ReadValue(one, "caption", _language, _kind, captions, remarks);
        }
        else if (text is not null)
        {
            Add(text, TextMember, _language, _kind, captions, remarks);
        }
        return captions.Count > 0 ? captions : throw new BadRecordException(NoCaption(json, text, remarks), BadSampleCause.NoCaption);
    }

    /// <summary>Whether the fields that hold captions are configured by name.</summary>
    public bool IsConfigured => _keys.Length > 0;

    /// <summary>The captions of a record that gives language and kind of each. Throws as <see cref="Read"/>.</summary>
    public IReadOnlyList<Caption> ReadLabelled(string[]? texts, string[]? languages, string[]? kinds, List<string> remarks)
    {
        if (texts is null || languages?.Length != texts.Length || kinds?.Length != texts.Length)
        {
            throw new BadRecordException($"has {texts?.Length ?? 0} captions, {languages?.Length ?? 0} languages and {kinds?.Length ?? 0} kinds, which must be as many");
        }
        var captions = new List<Caption>();
        for (var i = 0; i < texts.Length; i++)
        {
            var kind = CaptionKinds.TryParse(kinds[i], out var known) ? known : throw new BadRecordException($"kinds[{i}] is '{kinds[i]}', not short, long or raw");
            Add(texts[i], $"captions[{i}]", languages[i].Length > 0 ? languages[i] : _language, kind, captions, remarks);
        }
        return captions.Count > 0 ? captions : throw new BadRecordException(NoCaption(null, "", remarks), BadSampleCause.NoCaption);
    }

    /// <summary>The configured fields with language and kind; without any, the first of <paramref name="usual"/> that <paramref name="columns"/> holds.</summary>
    public IReadOnlyList<(string Key, string Language, CaptionKind Kind)> Columns(IReadOnlyCollection<string> columns, IEnumerable<string> usual) =>
        _keys.Length > 0
            ? [.. _keys.Where(key => columns.Contains(key.Key))]
            : [.. usual.Where(columns.Contains).Take(1).Select(key => (key, _language, _kind))];

    /// <summary>The configured fields, for messages; empty where none is configured.</summary>
    public string ConfiguredNames => string.Join(", ", _keys.Select(key => key.Key));

    /// <summary>Adds a caption that a format holds at a place of its own; language and kind are the data set's where none is given.</summary>
    public void Add(string text, string path, List<Caption> into, List<string> remarks, string? language = null, CaptionKind? kind = null) =>
        Add(text, path, language ?? _language, kind ?? _kind, into, remarks);

    /// <summary>The captions of a record, once all are added. Throws <see cref="BadRecordException"/> where there is none, saying <paramref name="missing"/>.</summary>
    public static IReadOnlyList<Caption> Complete(List<Caption> captions, List<string> remarks, string missing) =>
        captions.Count > 0 ? captions : throw new BadRecordException(remarks.Count > 0 ? NoneLeft(remarks) : missing);

    private void ReadConfigured(JsonElement? json, string? text, List<Caption> captions, List<string> remarks)
    {
        foreach (var (key, language, kind) in _keys)
        {
            if (Property(json, key) is { } value)
            {
                ReadValue(value, key, language, kind, captions, remarks);
            }
            else if (key == TextMember && text is not null)
            {
                Add(text, TextMember, language, kind, captions, remarks);
            }
        }
    }

    private void ReadCaptions(JsonElement captions, List<Caption> into, List<string> remarks)
    {
        if (captions.ValueKind != JsonValueKind.Object)
        {
            ReadValue(captions, "captions", _language, _kind, into, remarks);
            return;
        }
        foreach (var language in captions.EnumerateObject())
        {
            ReadValue(language.Value, "captions." + language.Name, language.Name, _kind, into, remarks);
        }
    }

    private static void ReadValue(JsonElement value, string path, string language, CaptionKind kind, List<Caption> into, List<string> remarks)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return; // img2dataset writes null where an image came without text
            case JsonValueKind.String:
                Add(value.GetString()!, path, language, kind, into, remarks);
                return;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    var name = $"{path}[{index++}]";
                    if (item.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
                    {
                        throw new BadRecordException($"{name} is {JsonFields.Describe(item)} where a text was expected");
                    }
                    ReadValue(item, name, language, kind, into, remarks);
                }
                return;
            case JsonValueKind.Object:
                foreach (var part in value.EnumerateObject())
                {
                    if (!CaptionKinds.TryParse(part.Name, out var partKind) || part.Value.ValueKind == JsonValueKind.Object)
                    {
                        throw new BadRecordException($"{path}.{part.Name} is not a caption kind (short, long, raw) with a text or a list of texts");
                    }
                    ReadValue(part.Value, $"{path}.{part.Name}", language, partKind, into, remarks);
                }
                return;
            default:
                throw new BadRecordException($"{path} is {JsonFields.Describe(value)} where a text or a list of texts was expected");
        }
    }

    private static void Add(string text, string path, string language, CaptionKind kind, List<Caption> into, List<string> remarks)
    {
        var trimmed = text.Trim();
        if (trimmed.Length == 0)
        {
            remarks.Add($"{path} is empty");
            return;
        }
        into.Add(new Caption(trimmed, string.Intern(language), kind));
    }

    private static JsonElement? Property(JsonElement? json, string name) =>
        json is { } found && found.TryGetProperty(name, out var value) ? value : null;

    private string NoCaption(JsonElement? json, string? text, List<string> remarks)
    {
        if (remarks.Count > 0)
        {
            return NoneLeft(remarks);
        }
        var wanted = _keys.Length > 0 ? ConfiguredNames : "captions, caption or a txt member";
        var fields = json is { } found ? string.Join(", ", found.EnumerateObject().Select(field => field.Name).Take(12)) : "";
        var has = fields.Length > 0 ? $"its JSON has {fields}" : text is null ? "it has neither JSON nor txt" : "it has a txt member only";
        return $"no caption (looked for {wanted}; {has})";
    }

    private static string NoneLeft(List<string> remarks) => "no caption is left: " + string.Join(", ", remarks);
}
