using System.Globalization;
using System.Reflection;

namespace Llm2Clip.Tests.Engine;

/// <summary>
/// Renders the public surface of an assembly (public and protected members of visible types, each type's own members only) in the form of
/// <c>shared/api/*.txt</c>: one line <c>Namespace.Type | signature</c> a member. Names of namespace <c>System</c> itself go without it,
/// all others are whole; nested types hang on their declaring type with a dot; references are written <c>T&amp;</c>; parameters keep
/// their names, <c>params</c> and default values; generic constraints, accessibility of accessors' other halves and interfaces are left out.
/// </summary>
public static class PublicSurface
{
    private const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>All lines of an assembly's visible types for which <paramref name="include"/> holds.</summary>
    public static IEnumerable<string> Render(Assembly assembly, Func<Type, bool> include) =>
        assembly.GetTypes().Where(type => IsVisible(type) && include(type)).SelectMany(Render);

    /// <summary>The lines of one type: its own head and its members.</summary>
    public static IEnumerable<string> Render(Type type)
    {
        var name = Name(type);
        return Members(type).Prepend(Head(type)).Select(line => $"{name} | {line}");
    }

    private static IEnumerable<string> Members(Type type)
    {
        foreach (var constructor in type.GetConstructors(Own).Where(each => !each.IsStatic && IsVisible(each)))
        {
            yield return $"new({Parameters(constructor.GetParameters())})";
        }
        foreach (var method in type.GetMethods(Own).Where(each => IsVisible(each) && (!each.IsSpecialName || each.Name.StartsWith("op_", StringComparison.Ordinal))))
        {
            var generic = method.IsGenericMethod ? $"<{string.Join(",", method.GetGenericArguments().Select(Name))}>" : "";
            yield return $"{Modifiers(method)}{Name(method.ReturnType)} {method.Name}{generic}({Parameters(method.GetParameters())})";
        }
        foreach (var property in type.GetProperties(Own).Where(each => each.GetAccessors(true).Any(IsVisible)))
        {
            yield return Property(property);
        }
        foreach (var field in type.GetFields(Own).Where(each => !each.IsSpecialName && (each.IsPublic || each.IsFamily || each.IsFamilyOrAssembly)))
        {
            var constant = field.IsLiteral ? " = " + Convert.ToString(field.GetRawConstantValue(), CultureInfo.InvariantCulture) : "";
            yield return $"{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}{constant}";
        }
        foreach (var notification in type.GetEvents(Own).Where(each => each.AddMethod is { } add && IsVisible(add)))
        {
            yield return $"event {Name(notification.EventHandlerType!)} {notification.Name}";
        }
    }

    private static string Head(Type type)
    {
        if (type.IsEnum)
        {
            return "enum";
        }
        if (type.IsInterface)
        {
            return "interface";
        }
        if (type.IsValueType)
        {
            return "struct";
        }
        var abstraction = type is { IsAbstract: true, IsSealed: true } ? "static " : type.IsAbstract ? "abstract " : "";
        var parent = type.BaseType is null || type.BaseType == typeof(object) ? "" : " : " + Name(type.BaseType);
        return $"{abstraction}class{parent}";
    }

    private static string Modifiers(MethodInfo method)
    {
        var access = method.IsPublic ? "" : "protected ";
        var kind = method.IsStatic ? "static " : method.IsAbstract ? "abstract " : method is { IsVirtual: true, IsFinal: false } ? "virtual " : "";
        return access + kind;
    }

    private static string Property(PropertyInfo property)
    {
        var isStatic = property.GetAccessors(true)[0].IsStatic ? "static " : "";
        var index = property.GetIndexParameters() is { Length: > 0 } parameters ? $"[{Parameters(parameters)}]" : "";
        var get = property.GetMethod is { } getter && IsVisible(getter) ? "get; " : "";
        var set = property.SetMethod is { } setter && IsVisible(setter) ? "set; " : "";
        return $"{isStatic}{Name(property.PropertyType)} {property.Name}{index} {{ {get}{set}}}";
    }

    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(parameter =>
    {
        var many = parameter.IsDefined(typeof(ParamArrayAttribute), false) ? "params " : "";
        var value = parameter.HasDefaultValue ? " = " + Literal(parameter.RawDefaultValue) : "";
        return $"{many}{Name(parameter.ParameterType)} {parameter.Name}{value}";
    }));

    private static string Literal(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!) + "&";
        }
        if (type.IsPointer)
        {
            return Name(type.GetElementType()!) + "*";
        }
        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }
        if (type.IsGenericParameter)
        {
            return type.Name;
        }
        var bare = type.Name.Split('`')[0];
        var generic = type.IsGenericType ? $"<{string.Join(",", type.GetGenericArguments().Select(Name))}>" : "";
        var space = type.DeclaringType is { } outer ? Name(outer) + "."
            : type.Namespace is null or "System" ? "" : type.Namespace + ".";
        return space + bare + generic;
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    // Types that the compiler makes, such as those of fixed buffers, are public at times, but no source can name them.
    private static bool IsVisible(Type type) => type.DeclaringType is { } outer
        ? IsVisible(outer) && !type.Name.StartsWith('<') && (type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem)
        : type.IsPublic;
}
