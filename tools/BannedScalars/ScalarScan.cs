using System.Runtime.CompilerServices;
using Mono.Cecil;
using Mono.Cecil.Rocks;

namespace Llm2Clip.BannedScalars;

/// <summary>
/// Finds the public methods of TorchSharp that make a temporary <c>TorchSharp.Scalar</c>. Such a Scalar has no other owner than the call
/// that uses it, and the call passes only its native handle on: the garbage collector may run its finalizer, which frees the native
/// object, while the native code still reads it. The method bodies are read as IL; nothing is run.
/// </summary>
public sealed class ScalarScan
{
    private const string Scalar = "TorchSharp.Scalar";

    private readonly ModuleDefinition _module;
    private readonly Dictionary<MethodDefinition, List<MethodDefinition>> _callers = [];
    private readonly HashSet<MethodDefinition> _makers = [];

    private ScalarScan(ModuleDefinition module) => _module = module;

    /// <summary>
    /// Documentation comment ids of the methods, constructors and properties that make a temporary Scalar, directly or through other
    /// methods of the assembly, in ordinal order. Everything that makes one counts, even where it might keep it alive.
    /// </summary>
    /// <param name="assembly">Path of TorchSharp.dll.</param>
    public static IReadOnlyList<string> Find(string assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        var scan = new ScalarScan(module);
        foreach (var method in module.GetTypes().SelectMany(type => type.Methods))
        {
            scan.ReadBody(method);
            scan.ReadDispatch(method);
        }
        scan.Spread();
        return scan.PublicIds();
    }

    /// <summary>
    /// Uses of banned members in an assembly beside TorchSharp.dll: the outermost type and the method that uses one, and the member's id.
    /// It sees what the analyzer misses, such as <c>x += y</c>.
    /// </summary>
    /// <param name="assembly">Path of the assembly.</param>
    /// <param name="ids">The banned members.</param>
    public static IReadOnlyList<(string Type, string Method, string Member)> Uses(string assembly, IReadOnlySet<string> ids)
    {
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(Path.GetDirectoryName(assembly));
        using var module = ModuleDefinition.ReadModule(assembly, new ReaderParameters { AssemblyResolver = resolver });
        var uses =
            from method in module.GetTypes().SelectMany(type => type.Methods)
            where method.HasBody
            from called in method.Body.Instructions.Select(each => each.Operand).OfType<MethodReference>()
            where called.DeclaringType.GetElementType().Scope.Name == nameof(TorchSharp)
            let definition = called.GetElementMethod().Resolve()
            where definition is not null && ids.Contains(IdOf(definition))
            select (Outermost(method.DeclaringType).FullName, method.Name, IdOf(definition));
        return [.. uses];
    }

    /// <summary>What the body calls, takes the address of (lambdas) or constructs; constructing a Scalar makes it a maker.</summary>
    private void ReadBody(MethodDefinition method)
    {
        if (!method.HasBody)
        {
            return;
        }
        foreach (var operand in method.Body.Instructions.Select(each => each.Operand).OfType<MethodReference>())
        {
            if (operand.Name == ".ctor" && operand.DeclaringType.FullName == Scalar)
            {
                _makers.Add(method);
            }
            Connect(method, operand.GetElementMethod());
        }
    }

    /// <summary>
    /// A method that overrides or implements another one of the assembly is called through that one, which calls nothing itself. Whoever
    /// constructs the object counts as its caller: so a module whose <c>forward</c> or an optimizer whose <c>step</c> makes Scalars is
    /// banned as a whole. Iterators and async methods lie in generated classes whose interfaces are not TorchSharp's: there every method
    /// counts.
    /// </summary>
    private void ReadDispatch(MethodDefinition method)
    {
        var type = method.DeclaringType;
        if (method.IsConstructor || method.IsStatic)
        {
            return;
        }
        var generated = type.CustomAttributes.Any(each => each.AttributeType.FullName == typeof(CompilerGeneratedAttribute).FullName)
            && type.Interfaces.Count > 0;
        if (generated || (method.IsVirtual && (Overrides(method) || Implements(method))))
        {
            foreach (var constructor in type.Methods.Where(each => each.IsConstructor && !each.IsStatic))
            {
                Connect(constructor, method);
            }
        }
    }

    private bool Overrides(MethodDefinition method)
    {
        for (var type = Own(method.DeclaringType.BaseType); type is not null; type = Own(type.BaseType))
        {
            if (type.Methods.Any(each => each.IsVirtual && IsLike(each, method)))
            {
                return true;
            }
        }
        return false;
    }

    private bool Implements(MethodDefinition method) => method.Overrides.Any(each => Own(each.DeclaringType) is not null)
        || method.DeclaringType.Interfaces.Select(each => Own(each.InterfaceType)).OfType<TypeDefinition>()
            .Any(type => type.Methods.Any(each => IsLike(each, method)));

    private static bool IsLike(MethodDefinition one, MethodDefinition other) =>
        one.Name == other.Name && one.Parameters.Count == other.Parameters.Count;

    /// <summary>The type's definition where it lies in this assembly; others are not looked for.</summary>
    private TypeDefinition? Own(TypeReference? type) => type is not null && type.GetElementType().Scope == _module ? type.Resolve() : null;

    private void Connect(MethodDefinition caller, MethodReference called)
    {
        if (Own(called.DeclaringType) is not null && called.Resolve() is { } definition)
        {
            if (!_callers.TryGetValue(definition, out var callers))
            {
                _callers.Add(definition, callers = []);
            }
            callers.Add(caller);
        }
    }

    private void Spread()
    {
        var waiting = new Queue<MethodDefinition>(_makers);
        while (waiting.TryDequeue(out var made))
        {
            foreach (var caller in _callers.GetValueOrDefault(made, []).Where(_makers.Add))
            {
                waiting.Enqueue(caller);
            }
        }
    }

    private List<string> PublicIds() =>
    [
        .. _makers.Where(method => IsVisible(method) && !(method.IsConstructor && method.IsStatic))
            .Select(IdOf).Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>The id of a method, or of the property that it belongs to.</summary>
    private static string IdOf(MethodDefinition method)
    {
        var property = method.IsGetter || method.IsSetter
            ? method.DeclaringType.Properties.First(each => each.GetMethod == method || each.SetMethod == method)
            : null;
        return DocCommentId.GetDocCommentId((IMemberDefinition?)property ?? method);
    }

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static bool IsVisible(MethodDefinition method)
    {
        var visible = method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;
        for (var type = method.DeclaringType; visible && type is not null; type = type.DeclaringType)
        {
            visible = type.IsPublic || type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamilyOrAssembly;
        }
        return visible;
    }
}
