using System.Text.Json;
using Llm2Clip.Data.Lists;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data;

/// <summary>
/// A record that cannot be used; the message says why. Caught by the source, which reports it as a <see cref="BadSample"/>.
/// </summary>
internal sealed class BadRecordException(string message, BadSampleCause cause = BadSampleCause.BadRecord) : Exception(message)
{
    /// <summary>Why, for counting.</summary>
    public BadSampleCause Cause { get; } = cause;
}

/// <summary>
/// Finds the captions of a record. A value is a text, a list of texts or of objects with a text in <c>raw</c>, <c>caption</c> or
/// <c>text</c>, or kinds of those (<c>{"short": [..], "long": ".."}</c>); <c>captions</c> may also be languages of values. Without
/// configured keys, the first of <see cref="FieldNames.Captions"/> that holds something is taken: null and empty ones are passed over.
/// With configured keys those alone are, all of them.
/// </summary>
internal sealed class CaptionReader
{
    /// <summary>A caption key that means the txt member rather than a JSON field.</summary>
    public const string TextMember = "txt";

    /// <summary>webdataset's member for the number of an image's class.</summary>
    public const string ClassMember = "cls";

    private readonly string _language;
    private readonly CaptionKind _kind;
    private readonly (string Key, string Language, CaptionKind Kind)[] _keys;

    /// <summary>
    /// <paramref name="language"/> and <paramref name="kind"/> are the data format's own, for where the run file states none.
    /// </summary>
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
    /// Reads labels in the place of captions: the text or number in the field, column or, of a tar, member <paramref name="key"/>, which
    /// the run file's key <paramref name="setting"/> names.
    /// </summary>
    public CaptionReader(string key, string setting)
    {
        (_language, _kind, Setting, IsForLabels) = ("", CaptionKind.Short, setting, true);
        _keys = [(key, "", CaptionKind.Short)];
    }

    /// <summary>Extension of a tar's member that is a text: <c>txt</c>, or <c>cls</c> where that is the label.</summary>
    public string TextExtension => IsForLabels && _keys[0].Key == ClassMember ? ClassMember : TextMember;

    /// <summary>Whether labels are read, each a single text or number, rather than captions.</summary>
    public bool IsForLabels { get; }

    /// <summary>Whether a record without captions is an image all the same, and not broken.</summary>
    public bool IsOptional { get; private set; }

    /// <summary>The key of the run file that names the fields, for messages.</summary>
    public string Setting { get; } = "data.caption_keys";

    /// <summary>Whether the fields that hold captions are configured by name.</summary>
    public bool IsConfigured => _keys.Length > 0;

    /// <summary>What is looked for, for messages.</summary>
    public string Wanted =>
        IsConfigured ? $"{string.Join(", ", _keys.Select(key => key.Key))} ({Setting})" : FieldNames.CaptionExamples;

    /// <summary>The same where captions are <see cref="IsOptional">optional</see>.</summary>
    public CaptionReader Optional()
    {
        var optional = (CaptionReader)MemberwiseClone();
        optional.IsOptional = true;
        return optional;
    }

    /// <summary>How a table's caption columns are named, shown with its last one that is not <paramref name="image"/>.</summary>
    public static string KeysExample(IReadOnlyList<string> columns, int image)
    {
        var other = columns.Where((column, index) => index != image && column.Length > 0).LastOrDefault() ?? "COLUMN";
        return $"--set 'data.caption_keys=[{{key: {other}, language: en}}]', with the language of the captions, one {{...}} per column.";
    }

    /// <summary>
    /// The captions of one record. Empty ones are left out with a remark. Throws <see cref="BadRecordException"/> where none is
    /// left or a value is not a caption.
    /// </summary>
    public IReadOnlyList<Caption> Read(JsonElement? json, string? text, List<string> remarks)
    {
        var captions = new List<Caption>();
        AddRecord(json, text, captions, remarks);
        return captions.Count > 0 || IsOptional
            ? captions
            : throw new BadRecordException(Missing(json, text, remarks), BadSampleCause.NoCaption);
    }

    /// <summary>
    /// Adds the captions of one record, if it has any. Throws <see cref="BadRecordException"/> where a value is not a caption.
    /// </summary>
    public void AddRecord(JsonElement? json, string? text, List<Caption> captions, List<string> remarks)
    {
        if (json is { ValueKind: not JsonValueKind.Object })
        {
            throw new BadRecordException($"the JSON is not an object but {JsonFields.Describe(json.Value)}");
        }
        if (IsConfigured)
        {
            AddConfigured(json, text, captions, remarks);
            return;
        }
        var fields = json is { } found ? found.EnumerateObject().Select(field => (field.Name, Value: (JsonElement?)field.Value)) : [];
        if (text is not null)
        {
            fields = fields.Where(field => field.Name != TextMember).Append((TextMember, null));
        }
        FirstThatHolds(
            fields.Where(field => FieldNames.CaptionRank(field.Name) is not null).OrderBy(field => FieldNames.CaptionRank(field.Name)),
            (field, into, said) =>
            {
                if (field.Value is { } value)
                {
                    AddField(value, field.Name, into, said);
                }
                else
                {
                    CaptionValues.Add(text!, TextMember, _language, _kind, into, said);
                }
            },
            captions,
            remarks);
    }

    /// <summary>
    /// Adds the captions of a row of a table: of the configured columns, or of the first that holds something. <paramref name="columns"/>
    /// are those of <see cref="Columns"/>, in its order, each with its texts (one, a list, or null). Language and kind of the row win over
    /// the data set's where given.
    /// </summary>
    public void AddColumns(
        IEnumerable<(string Name, IReadOnlyList<string?>? Texts)> columns, List<Caption> captions, List<string> remarks,
        string? language = null, CaptionKind? kind = null)
    {
        if (IsConfigured)
        {
            foreach (var column in columns.SelectMany(column => _keys.Where(key => key.Key == column.Name), (column, key) => (column, key)))
            {
                CaptionValues.AddTexts(column.column, language ?? column.key.Language, kind ?? column.key.Kind, captions, remarks);
            }
            return;
        }
        FirstThatHolds(
            columns,
            (column, into, said) => CaptionValues.AddTexts(column, language ?? _language, kind ?? _kind, into, said),
            captions,
            remarks);
    }

    /// <summary>Of the columns of a table those that are looked for, in that order: the configured, or those of a known name.</summary>
    public IReadOnlyList<string> Columns(IReadOnlyCollection<string> columns) => IsConfigured
        ? [.. _keys.Select(key => key.Key).Distinct().Where(columns.Contains)]
        : [.. FieldNames.Known(columns, FieldNames.CaptionRank)];

    /// <summary>The captions of a record that gives language and kind of each. Throws as <see cref="Read"/>.</summary>
    public IReadOnlyList<Caption> ReadLabeled(string[]? texts, string[]? languages, string[]? kinds, List<string> remarks)
    {
        if (texts is null || languages?.Length != texts.Length || kinds?.Length != texts.Length)
        {
            throw new BadRecordException(
                $"has {texts?.Length ?? 0} captions, {languages?.Length ?? 0} languages and {kinds?.Length ?? 0} kinds, which must be as "
                + "many");
        }
        var captions = new List<Caption>();
        for (var i = 0; i < texts.Length; i++)
        {
            var kind = CaptionKinds.TryParse(kinds[i], out var known)
                ? known
                : throw new BadRecordException($"kinds[{i}] is '{kinds[i]}', not short, long or raw");
            CaptionValues.Add(texts[i], $"captions[{i}]", languages[i].Length > 0 ? languages[i] : _language, kind, captions, remarks);
        }
        return Complete(captions, remarks, "no caption (its `captions` are empty)");
    }

    /// <summary>
    /// Adds a caption that a format holds at a place of its own; language and kind are the data set's where none is given.
    /// </summary>
    public void Add(
        string text, string path, List<Caption> into, List<string> remarks, string? language = null, CaptionKind? kind = null) =>
        CaptionValues.Add(text, path, language ?? _language, kind ?? _kind, into, remarks);

    /// <summary>
    /// The captions of a record, once all are added. Throws <see cref="BadRecordException"/> where there is none, saying
    /// <paramref name="missing"/>, unless they are optional.
    /// </summary>
    public IReadOnlyList<Caption> Complete(List<Caption> captions, List<string> remarks, string missing) =>
        captions.Count > 0 || IsOptional
            ? captions
            : throw new BadRecordException(remarks.Count > 0 ? NoneLeft(remarks) : missing, BadSampleCause.NoCaption);

    /// <summary>What is said of a record without captions.</summary>
    public string Missing(JsonElement? json, string? text, List<string> remarks)
    {
        if (remarks.Count > 0)
        {
            return NoneLeft(remarks);
        }
        var fields = json is { } found ? string.Join(", ", found.EnumerateObject().Select(field => field.Name).Take(12)) : "";
        var has = fields.Length > 0 ? $"its JSON has {fields}"
            : text is null ? $"it has neither JSON nor {TextExtension}"
            : $"it has a {TextExtension} member only";
        return $"no {(IsForLabels ? "label" : "caption")} (looked for {Wanted}; {has}). "
            + $"{(IsConfigured ? $"Check {Setting}" : "Name its field with data.caption_keys")}";
    }

    private static string NoneLeft(List<string> remarks) => "no caption is left: " + string.Join(", ", remarks);

    /// <summary>Adds the captions of the first place that has any; what is wrong with earlier ones is said only where none has.</summary>
    private static void FirstThatHolds<T>(
        IEnumerable<T> places, Action<T, List<Caption>, List<string>> add, List<Caption> captions, List<string> remarks)
    {
        var before = captions.Count;
        var passed = new List<string>();
        foreach (var place in places)
        {
            var said = new List<string>();
            add(place, captions, said);
            if (captions.Count > before)
            {
                remarks.AddRange(said);
                return;
            }
            passed.AddRange(said);
        }
        remarks.AddRange(passed);
    }

    private void AddConfigured(JsonElement? json, string? text, List<Caption> captions, List<string> remarks)
    {
        foreach (var (key, language, kind) in _keys)
        {
            if (json is { } record && record.TryGetProperty(key, out var value))
            {
                if (IsForLabels)
                {
                    CaptionValues.Add(Label(value, key), key, language, kind, captions, remarks);
                    continue;
                }
                CaptionValues.AddValue(value, key, language, kind, captions, remarks);
            }
            else if (key == TextExtension && text is not null)
            {
                CaptionValues.Add(text, key, language, kind, captions, remarks);
            }
        }
    }

    private static string Label(JsonElement value, string key) => JsonFields.Id(value) ?? throw new BadRecordException(
        $"{key} is {JsonFields.Describe(value)} where a label, one text or number, was expected", BadSampleCause.NoCaption);

    private void AddField(JsonElement value, string name, List<Caption> into, List<string> remarks)
    {
        if (value.ValueKind != JsonValueKind.Object || !name.Equals("captions", StringComparison.OrdinalIgnoreCase))
        {
            CaptionValues.AddValue(value, name, _language, _kind, into, remarks);
            return;
        }
        foreach (var language in value.EnumerateObject())
        {
            CaptionValues.AddValue(language.Value, $"{name}.{language.Name}", language.Name, _kind, into, remarks);
        }
    }
}
