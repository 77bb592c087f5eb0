using System.Globalization;

namespace Llm2Clip.Configuration;

/// <summary>Puts <c>--set path.to.key=value</c> into the tree of a run file.</summary>
internal static class ConfigOverride
{
    /// <summary>
    /// Sets the value at the dotted path; sections on the way are made where missing, a number addresses an item of a list.
    /// </summary>
    public static void Apply(YamlMap root, string assignment, ConfigProblems problems)
    {
        var origin = $"--set {assignment}";
        var equals = assignment.IndexOf('=');
        var path = equals < 0 ? assignment : assignment[..equals];
        var keys = path.Split('.');
        if (equals <= 0 || keys.Any(string.IsNullOrWhiteSpace))
        {
            problems.Add(origin, "an override is path.to.key=value, such as clip_train.batch_size=64");
            return;
        }
        var value = YamlReader.ReadValue(assignment[(equals + 1)..], origin, problems);
        YamlValue at = root;
        for (var i = 0; i < keys.Length; i++)
        {
            var last = i == keys.Length - 1;
            var next = at switch
            {
                YamlMap map => Step(map, keys[i], last ? value : null, origin),
                YamlList list => Step(list, keys[i], last ? value : null),
                _ => null,
            };
            if (next is null)
            {
                problems.Add(origin, $"{string.Join('.', keys[..i])} is {Name(at)}, so {keys[i]} cannot be set in it");
                return;
            }
            at = next;
        }
    }

    private static YamlValue Step(YamlMap map, string key, YamlValue? value, string origin)
    {
        if (value is not null || !map.Items.TryGetValue(key, out var child) || child is YamlScalar { IsNull: true })
        {
            child = value ?? new YamlMap(origin);
            map.Items[key] = child;
            map.KeyOrigins[key] = origin;
        }
        return child;
    }

    private static YamlValue? Step(YamlList list, string key, YamlValue? value)
    {
        if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= list.Items.Count)
        {
            return null;
        }
        return list.Items[index] = value ?? list.Items[index];
    }

    private static string Name(YamlValue value) => value switch
    {
        YamlList list => $"a list of {list.Items.Count} items",
        YamlScalar scalar => $"'{scalar.Text}' (no section)",
        _ => "a section",
    };
}
