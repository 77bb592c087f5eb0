using System.Collections;

namespace Llm2Clip.Configuration;

/// <summary>
/// Checks records that did not come from a run file (a run file is checked while it is read): each key against its <c>[Range]</c>, then the
/// record's own <see cref="ICheckedConfig.Check"/>, in the records below it too.
/// </summary>
internal static class Checked
{
    /// <summary>
    /// The record itself. Throws <see cref="ConfigException"/> with all of its mistakes, their keys under the path
    /// <paramref name="section"/>.
    /// </summary>
    public static T Require<T>(T record, string section = "")
        where T : class
    {
        var problems = Problems(record).Select(found => $"{Join(section, found.Key)} {found.Problem}").ToList();
        return problems.Count switch
        {
            0 => record,
            1 => throw new ConfigException(problems[0] + "."),
            _ => throw new ConfigException($"{problems.Count} problems\n  " + string.Join("\n  ", problems)),
        };
    }

    /// <summary>What is wrong with a record: the key and its problem, as <see cref="ICheckedConfig.Check"/> yields them.</summary>
    public static IEnumerable<(string Key, string Problem)> Problems(object record)
    {
        var found = false;
        foreach (var key in ConfigSchema.Of(record.GetType()).Keys)
        {
            var value = key.Property.GetValue(record);
            foreach (var problem in OfKey(key, value).Concat(Below(key, value)))
            {
                found = true;
                yield return problem;
            }
        }
        if (!found && record is ICheckedConfig check)
        {
            foreach (var problem in check.Check())
            {
                yield return problem;
            }
        }
    }

    private static IEnumerable<(string Key, string Problem)> OfKey(ConfigKey key, object? value)
    {
        if (value is not null && !key.Allows(value))
        {
            yield return (key.Name, FormattableString.Invariant($"is {value}; it must be {key.RangeText()}"));
        }
    }

    private static IEnumerable<(string Key, string Problem)> Below(ConfigKey key, object? value) => (key.Type.Form, value) switch
    {
        (ConfigForm.Record, { } inner) => Problems(inner).Select(found => (Join(key.Name, found.Key), found.Problem)),
        (ConfigForm.List, IEnumerable items) when ConfigType.Of(key.Type.Item!).Form == ConfigForm.Record =>
            items.Cast<object>().SelectMany((item, at) => Problems(item).Select(found => ($"{key.Name}.{at}.{found.Key}", found.Problem))),
        _ => [],
    };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
