using System.Collections;
using System.Globalization;
using System.Text;

namespace Llm2Clip.Configuration;

/// <summary>Writes a configuration record as YAML, with what each key means as a comment.</summary>
internal sealed class ConfigPrinter(bool comments, IReadOnlyDictionary<string, string>? effective = null)
{
    private const int LineWidth = 120;

    private readonly StringBuilder _text = new();

    public string Print(object config)
    {
        Record(config, 0, "");
        return _text.ToString();
    }

    /// <param name="path">
    /// Path of the record with a dot behind it, empty at the root; null where keys have no path (items of lists).
    /// </param>
    private void Record(object record, int indent, string? path, bool firstInList = false)
    {
        foreach (var key in ConfigSchema.Of(record.GetType()).Keys)
        {
            var below = path is null ? null : path + key.Name;
            Key(key.Name, key.Type, key.Property.GetValue(record), indent, Comment(key, below), below, firstInList);
            firstInList = false;
        }
    }

    private void Key(string name, ConfigType type, object? value, int indent, string? comment, string? path, bool firstInList)
    {
        var margin = firstInList ? "" : new string(' ', indent);
        if (Inline(type, value) is { } text)
        {
            Line($"{margin}{Quote(name)}: {text}", comment, indent, firstInList);
            return;
        }
        Line($"{margin}{Quote(name)}:", comment, indent, firstInList);
        Block(type, value!, indent + 2, path);
    }

    private void Block(ConfigType type, object value, int indent, string? path)
    {
        switch (type.Form)
        {
            case ConfigForm.Record:
                Record(value, indent, path is null ? null : path + '.');
                break;
            case ConfigForm.Dictionary:
                var entries = ((IEnumerable)value).Cast<object>().Select(Entry).OrderBy(e => e.Name, StringComparer.Ordinal);
                foreach (var (name, item) in entries)
                {
                    Key(name, ConfigType.Of(type.Item!), item, indent, null, path: null, firstInList: false);
                }
                break;
            default:
                foreach (var item in (IEnumerable)value)
                {
                    _text.Append(' ', indent).Append("- ");
                    Item(ConfigType.Of(type.Item!), item, indent + 2);
                }
                break;
        }
    }

    private void Item(ConfigType type, object? item, int indent)
    {
        if (Inline(type, item) is { } text)
        {
            _text.Append(text).Append('\n');
        }
        else if (type.Form == ConfigForm.Record)
        {
            Record(item!, indent, path: null, firstInList: true);
        }
        else
        {
            _text.Append('\n');
            Block(type, item!, indent, path: null);
        }
    }

    /// <summary>The value on one line, or null where it needs lines of its own.</summary>
    private static string? Inline(ConfigType type, object? value)
    {
        if (value is null)
        {
            return "null";
        }
        switch (type.Form)
        {
            case ConfigForm.Scalar:
                return Scalar(value);
            case ConfigForm.List:
                var item = ConfigType.Of(type.Item!);
                var items = ((IEnumerable)value).Cast<object?>().ToList();
                return item.Form == ConfigForm.Scalar || items.Count == 0
                    ? "[" + string.Join(", ", items.Select(i => i is null ? "null" : Scalar(i))) + "]"
                    : null;
            case ConfigForm.Dictionary:
                return ((IEnumerable)value).Cast<object>().Any() ? null : "{}";
            default:
                return ConfigSchema.Of(type.Type).Keys.Count == 0 ? "{}" : null;
        }
    }

    /// <summary>Name and value of an entry of a dictionary.</summary>
    internal static (string Name, object? Value) Entry(object pair)
    {
        var type = pair.GetType();
        return ((string)type.GetProperty("Key")!.GetValue(pair)!, type.GetProperty("Value")!.GetValue(pair));
    }

    private static string Scalar(object value) => value switch
    {
        bool b => b ? "true" : "false",
        Enum e => ConfigSchema.SnakeCase(e.ToString()),
        string s => Quote(s),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"{value.GetType()} is not a scalar."),
    };

    /// <summary>Plain where YAML reads it as the same text, double-quoted with escapes otherwise.</summary>
    internal static string Quote(string text)
    {
        var plain = text.Length > 0 && char.IsAsciiLetter(text[0])
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/')
            && text.ToLowerInvariant() is not ("null" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n");
        if (plain)
        {
            return text;
        }
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                < ' ' or '\u007f' or '\u0085' or '\u00a0' or '\u2028' or '\u2029' or '\ufeff' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }
        return quoted.Append('"').ToString();
    }

    private string? Comment(ConfigKey key, string? path)
    {
        if (!comments)
        {
            return null;
        }
        var item = key.Type.Form == ConfigForm.List ? ConfigType.Of(key.Type.Item!) : key.Type;
        var description = key.Description?.TrimEnd('.');
        var comesTo = path is null ? null : effective?.GetValueOrDefault(path);
        string?[] parts =
        [
            comesTo is null ? null : $"= {comesTo}",
            description,
            item.Choices.Count == 0 || item.Choices.All(choice => description?.Contains(choice) == true)
                ? null
                : string.Join(" | ", item.Choices),
            key.RangeText(),
        ];
        var text = string.Join("; ", parts.Where(p => !string.IsNullOrEmpty(p)));
        return text.Length == 0 ? null : text;
    }

    /// <summary>A line with its comment behind it, or above it where both do not fit.</summary>
    private void Line(string line, string? comment, int indent, bool firstInList)
    {
        if (comment is null || line.Length + comment.Length + 4 <= LineWidth || firstInList)
        {
            _text.Append(line).Append(comment is null ? "" : $"  # {comment}").Append('\n');
            return;
        }
        foreach (var part in Wrapped(comment, LineWidth - indent - 2))
        {
            _text.Append(' ', indent).Append("# ").Append(part).Append('\n');
        }
        _text.Append(line).Append('\n');
    }

    private static IEnumerable<string> Wrapped(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }
            line.Append(line.Length > 0 ? " " : "").Append(word);
        }
        if (line.Length > 0)
        {
            yield return line.ToString();
        }
    }
}
