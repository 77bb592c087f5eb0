using System.Collections;
using System.Collections.Concurrent;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Llm2Clip.Configuration;

/// <summary>The keys of one record, in the order of its properties; those of the record that it derives from come first.</summary>
internal sealed class ConfigSchema
{
    private static readonly ConcurrentDictionary<Type, ConfigSchema> Known = new();

    private ConfigSchema(Type type)
    {
        Type = type;
        var nullability = new NullabilityInfoContext();
        Keys = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is not null && p.GetIndexParameters().Length == 0)
            .OrderBy(p => Ancestors(p.DeclaringType!))
            .Select(p => new ConfigKey(p, nullability.Create(p)))];
    }

    public Type Type { get; }

    public IReadOnlyList<ConfigKey> Keys { get; }

    public static ConfigSchema Of(Type type) => Known.GetOrAdd(type, t => new ConfigSchema(t));

    public ConfigKey? Find(string name) => Keys.FirstOrDefault(k => k.Name == name);

    private static int Ancestors(Type type) => type.BaseType is { } parent ? 1 + Ancestors(parent) : 0;

    /// <summary>A record with its defaults. A configuration record has init properties, not constructor parameters.</summary>
    public object Create() =>
        Activator.CreateInstance(Type) ?? throw new InvalidOperationException($"{Type} has no parameterless constructor.");

    /// <summary>
    /// <c>BatchSize</c> becomes <c>batch_size</c>; <c>MaxKVCells</c> becomes <c>max_kv_cells</c>; digits stay with their word.
    /// </summary>
    public static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = char.IsUpper(name[i]) && i > 0
                && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (startsWord && name[i - 1] != '_')
            {
                text.Append('_');
            }
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }
}

/// <summary>One key: its property with what the attributes say about it.</summary>
internal sealed class ConfigKey(PropertyInfo property, NullabilityInfo nullability)
{
    public string Name { get; } = ConfigSchema.SnakeCase(property.Name);

    public PropertyInfo Property { get; } = property;

    public ConfigType Type { get; } = ConfigType.Of(property.PropertyType);

    public bool AllowsNull { get; } = nullability.WriteState == NullabilityState.Nullable;

    public bool IsRequired { get; } = property.IsDefined(typeof(RequiredMemberAttribute));

    public string? Description { get; } = property.GetCustomAttribute<DescriptionAttribute>()?.Description;

    public RangeAttribute? Range { get; } = property.GetCustomAttribute<RangeAttribute>();

    /// <summary>Whether a value, or each item of a list, is within the bounds; true where there are none.</summary>
    public bool Allows(object value) =>
        Range is null || (value is IEnumerable items and not string ? items.Cast<object>().All(InRange) : InRange(value));

    /// <summary>
    /// Whether a number is within the bounds, compared as doubles: the attribute's own check rounds a double to a whole number
    /// where its bounds were written as whole numbers.
    /// </summary>
    public bool InRange(object number)
    {
        var value = Number(number);
        var low = Number(Range!.Minimum);
        var high = Number(Range.Maximum);
        return (Range.MinimumIsExclusive ? value > low : value >= low) && (Range.MaximumIsExclusive ? value < high : value <= high);
    }

    /// <summary>The bounds in words, such as <c>from 1</c>, <c>above 0, at most 1</c>; null where there are none.</summary>
    public string? RangeText()
    {
        if (Range is null)
        {
            return null;
        }
        var low = Bound(Range.Minimum, double.MinValue, int.MinValue, long.MinValue, double.NegativeInfinity);
        var high = Bound(Range.Maximum, double.MaxValue, int.MaxValue, long.MaxValue, double.PositiveInfinity);
        return (low, high) switch
        {
            (null, null) => null,
            (null, _) => Range.MaximumIsExclusive ? $"below {high}" : $"at most {high}",
            (_, null) => Range.MinimumIsExclusive ? $"above {low}" : $"from {low}",
            _ when Range.MinimumIsExclusive || Range.MaximumIsExclusive =>
                (Range.MinimumIsExclusive ? $"above {low}" : $"from {low}")
                    + (Range.MaximumIsExclusive ? $", below {high}" : $", at most {high}"),
            _ => $"{low} to {high}",
        };
    }

    private static string? Bound(object bound, params object[] open) =>
        open.Any(o => Number(o) == Number(bound)) ? null : Convert.ToString(bound, CultureInfo.InvariantCulture);

    private static double Number(object value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);
}

/// <summary>How a value of a C# type is written in YAML.</summary>
internal enum ConfigForm
{
    Scalar,
    Record,
    List,
    Dictionary,
}

/// <summary>A C# type as the binder sees it: its form and, for collections, the type of an item.</summary>
internal sealed record ConfigType(Type Type, ConfigForm Form, Type? Item = null)
{
    private static readonly Type[] Scalars =
        [typeof(string), typeof(bool), typeof(int), typeof(long), typeof(ulong), typeof(double), typeof(float)];

    /// <summary>The type below <c>Nullable</c>.</summary>
    public static ConfigType Of(Type declared)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (type.IsEnum || Scalars.Contains(type))
        {
            return new ConfigType(type, ConfigForm.Scalar);
        }
        if (type.IsArray)
        {
            return new ConfigType(type, ConfigForm.List, type.GetElementType());
        }
        if (type.IsGenericType && type.GetGenericArguments() is [var key, var value] && key == typeof(string)
            && type.IsAssignableFrom(typeof(Dictionary<,>).MakeGenericType(key, value)))
        {
            return new ConfigType(type, ConfigForm.Dictionary, value);
        }
        if (type.IsGenericType && type.GetGenericArguments() is [var item] && type.IsAssignableFrom(typeof(List<>).MakeGenericType(item)))
        {
            return new ConfigType(type, ConfigForm.List, item);
        }
        return type is { IsClass: true, IsAbstract: false } && type.GetConstructor(Type.EmptyTypes) is not null
            ? new ConfigType(type, ConfigForm.Record)
            : throw new InvalidOperationException($"{type} cannot be in a configuration record: use a record with init properties, a list, "
                + "a dictionary with string keys, an enum, bool, int, long, double, float or string.");
    }

    /// <summary>What may be written, for messages and comments.</summary>
    public string Expected => Form switch
    {
        ConfigForm.Record => $"a section with keys below it, such as {Section(Type)}",
        ConfigForm.List when ConfigType.Of(Item!).Form == ConfigForm.Record => $"a list of sections, such as [{Section(Item!)}]",
        ConfigForm.List => "a list, such as [a, b]",
        ConfigForm.Dictionary => "a mapping of names to values",
        _ when Type.IsEnum => "one of " + string.Join(", ", Choices),
        _ when Type == typeof(bool) => "true or false",
        _ when Type == typeof(string) => "a text",
        _ when Type == typeof(double) || Type == typeof(float) => "a number",
        _ => "a whole number",
    };

    /// <summary>A section as it is written on one line; of one with many keys the first.</summary>
    private static string Section(Type type)
    {
        var keys = ConfigSchema.Of(type).Keys;
        return $"{{ {string.Join(", ", keys.Take(3).Select(key => $"{key.Name}: ..."))}{(keys.Count > 3 ? ", ..." : "")} }}";
    }

    /// <summary>The values of an enum as they are written.</summary>
    public IReadOnlyList<string> Choices => Type.IsEnum ? [.. Enum.GetNames(Type).Select(ConfigSchema.SnakeCase)] : [];
}
