using System.Collections;
using System.Globalization;

namespace Llm2Clip.Configuration;

/// <summary>Fills a record from the tree of a run file, collecting every problem on the way.</summary>
internal sealed class ConfigReader(Type rootType, ConfigProblems problems)
{
    public object Read(YamlMap root) => ReadRecord(ConfigSchema.Of(rootType), root, "");

    private object ReadRecord(ConfigSchema schema, YamlMap map, string path)
    {
        var problemsBefore = problems.Count;
        var record = schema.Create();
        foreach (var (name, value) in map.Items)
        {
            if (schema.Find(name) is not { } key)
            {
                problems.Add(map.KeyOrigins[name], $"{Join(path, name)} is not a known key{NearestKey.Hint(rootType, schema, path, name)}");
                continue;
            }
            var read = ReadKey(key, value, map.KeyOrigins[name], Join(path, name));
            if (read.Found)
            {
                key.Property.SetValue(record, read.Value);
            }
        }
        foreach (var missing in schema.Keys.Where(k => k.IsRequired && !map.Items.ContainsKey(k.Name)))
        {
            problems.Add(map.Origin, $"{Join(path, missing.Name)} is missing; it must be {missing.Type.Expected}");
        }
        if (record is ICheckedConfig check && problems.Count == problemsBefore)
        {
            foreach (var (key, problem) in check.Check())
            {
                problems.Add(map.KeyOrigins.GetValueOrDefault(key, map.Origin), $"{Join(path, key)} {problem}");
            }
        }
        return record;
    }

    private (bool Found, object? Value) ReadKey(ConfigKey key, YamlValue value, string origin, string path)
    {
        if (value is YamlScalar { IsNull: true })
        {
            // A section whose keys are all commented out keeps its defaults.
            if (key.AllowsNull || key.Type.Form == ConfigForm.Record)
            {
                return (key.AllowsNull, null);
            }
            var empty = key.Type.Type == typeof(string) ? ", \"\" for an empty one" : "";
            problems.Add(origin, $"{path} has no value; it must be {key.Type.Expected}{empty}");
            return (false, null);
        }
        if (!TryRead(key.Type, value, path, out var read))
        {
            return (false, null);
        }
        if (!key.Allows(read!))
        {
            problems.Add(value.Origin, $"{path} is {Shown(value)}; it must be {key.RangeText()}");
            return (false, null);
        }
        return (true, read);
    }

    private bool TryRead(ConfigType type, YamlValue value, string path, out object? read)
    {
        read = (type.Form, value) switch
        {
            (ConfigForm.Record, YamlMap map) => ReadRecord(ConfigSchema.Of(type.Type), map, path),
            (ConfigForm.List, YamlList list) => ReadList(type, list, path),
            (ConfigForm.Dictionary, YamlMap map) => ReadDictionary(type, map, path),
            (ConfigForm.Scalar, YamlScalar { IsNull: false } scalar) => ReadScalar(type, scalar.Text),
            _ => null,
        };
        if (read is null)
        {
            problems.Add(value.Origin, $"{path} is {Shown(value)}; it must be {Expected(type, value)}");
        }
        return read is not null;
    }

    /// <summary>What would be right. Of a text in the place of a list that list is shown: <c>en,de</c> was meant as [en, de].</summary>
    private static string Expected(ConfigType type, YamlValue value) =>
        type.Form == ConfigForm.List && ConfigType.Of(type.Item!).Form == ConfigForm.Scalar && value is YamlScalar { IsNull: false } scalar
            ? $"a list, here [{string.Join(", ", scalar.Text.Split([',', ';', ' '], StringSplitOptions.RemoveEmptyEntries))}]"
            : type.Expected;

    private object ReadList(ConfigType type, YamlList list, string path)
    {
        var itemType = ConfigType.Of(type.Item!);
        var items = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(type.Item!))!;
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (TryRead(itemType, list.Items[i], $"{path}.{i}", out var item))
            {
                items.Add(item);
            }
        }
        if (!type.Type.IsArray)
        {
            return items;
        }
        var array = Array.CreateInstance(type.Item!, items.Count);
        items.CopyTo(array, 0);
        return array;
    }

    private object ReadDictionary(ConfigType type, YamlMap map, string path)
    {
        var itemType = ConfigType.Of(type.Item!);
        var items = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), type.Item!))!;
        foreach (var (name, value) in map.Items)
        {
            if (TryRead(itemType, value, Join(path, name), out var item))
            {
                items.Add(name, item);
            }
        }
        return items;
    }

    /// <summary>The value, or null where the text is not one of the type. Numbers may hold <c>_</c> between digits.</summary>
    private static object? ReadScalar(ConfigType type, string text)
    {
        if (type.Type == typeof(string))
        {
            return text;
        }
        if (type.Type.IsEnum)
        {
            var index = type.Choices.ToList().IndexOf(text);
            return index < 0 ? null : Enum.Parse(type.Type, Enum.GetNames(type.Type)[index]);
        }
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        var culture = CultureInfo.InvariantCulture;
        return type.Type switch
        {
            var t when t == typeof(bool) => text switch { "true" => true, "false" => false, _ => null },
            var t when t == typeof(int) => int.TryParse(digits, NumberStyles.AllowLeadingSign, culture, out var i) ? i : null,
            var t when t == typeof(long) => long.TryParse(digits, NumberStyles.AllowLeadingSign, culture, out var l) ? l : null,
            var t when t == typeof(ulong) => ulong.TryParse(digits, NumberStyles.None, culture, out var u) ? u : null,
            var t when t == typeof(float) => float.TryParse(digits, NumberStyles.Float, culture, out var f) && float.IsFinite(f) ? f : null,
            _ => double.TryParse(digits, NumberStyles.Float, culture, out var d) && double.IsFinite(d) ? d : null,
        };
    }

    private static string Shown(YamlValue value) => value switch
    {
        YamlScalar { IsNull: true } => "null",
        YamlScalar scalar => $"'{scalar.Text}'",
        YamlList => "a list",
        _ => "a section",
    };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
