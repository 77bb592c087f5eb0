using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Weights;

/// <summary>
/// Copies stored tensors into a model's parameters, up-cast to fp32. Strict both ways: what is missing, unexpected or of another
/// shape is listed in one message, and nothing is copied then.
/// </summary>
internal static class StrictWeights
{
    /// <summary>Copies every target from the file.</summary>
    /// <param name="file">Where the tensors are.</param>
    /// <param name="source">File or folder, for messages.</param>
    /// <param name="targets">Parameters by name.</param>
    /// <param name="rename">The target's name for a stored name; null for a tensor that is known and not wanted.</param>
    /// <exception cref="InputException">Something is missing, unexpected, misshapen, or not of a float type.</exception>
    public static void Load(
        ISafetensors file, string source, IReadOnlyDictionary<string, Tensor> targets, Func<string, string?>? rename = null) =>
        Load(file, source, [.. targets.Select(target => new StoredWeight(target.Key, [target.Value]))], rename);

    /// <summary>Copies all weights of a model out of a file of some layout, as the other.</summary>
    /// <param name="file">Where the tensors are.</param>
    /// <param name="source">File or folder, for messages.</param>
    /// <param name="weights">The tensors that the file must hold, and the parameters they belong to.</param>
    /// <param name="layout">What else the file may hold.</param>
    /// <exception cref="InputException">Something is missing, unexpected, misshapen, or not of a float type.</exception>
    public static void Load(ISafetensors file, string source, IReadOnlyList<StoredWeight> weights, WeightLayout layout) =>
        Load(file, source, weights, layout.Reader(file.Names, weights.Select(weight => weight.Name).ToHashSet()));

    private static void Load(ISafetensors file, string source, IReadOnlyList<StoredWeight> weights, Func<string, string?>? rename)
    {
        var problems = new List<string>();
        var targets = weights.ToDictionary(weight => weight.Name);
        var places = new Dictionary<string, string>();
        foreach (var stored in file.Names)
        {
            var name = rename is null ? stored : rename(stored);
            if (name is null)
            {
                continue;
            }
            if (!targets.TryGetValue(name, out var target))
            {
                problems.Add($"unexpected: {stored} {file.Info(stored).ShapeText}");
            }
            else if (!places.TryAdd(name, stored))
            {
                problems.Add($"twice: {stored} and {places[name]}");
            }
            else
            {
                Check(file.Info(stored), target.Shape, problems);
            }
        }
        problems.AddRange(targets.Keys.Where(name => !places.ContainsKey(name)).Order(StringComparer.Ordinal)
            .Select(name => $"missing: {name} [{string.Join(", ", targets[name].Shape)}]"));
        if (problems.Count > 0)
        {
            throw new InputException($"{source} does not hold the weights of this model:{string.Concat(problems.Select(p => "\n  " + p))}");
        }
        foreach (var (name, stored) in places)
        {
            using var scope = NewDisposeScope();
            targets[name].Fill(file.Load(stored, ScalarType.Float32));
        }
    }

    /// <summary>
    /// Refuses a description of a model with far more weights than the file holds, before memory is taken for them: a damaged number may
    /// ask for any amount. What little is missing is for loading, which names it.
    /// </summary>
    /// <param name="file">Where the tensors are.</param>
    /// <param name="source">File or folder, for messages.</param>
    /// <param name="wanted">Weights of the described model.</param>
    /// <param name="description">Where the description is.</param>
    /// <exception cref="InputException">The file holds less than a fourth of them, but for a million.</exception>
    public static void RequireRoom(ISafetensors file, string source, Int128 wanted, string description)
    {
        Int128 held = 0;
        foreach (var name in file.Names)
        {
            held += file.Info(name).Shape.Aggregate((Int128)1, (product, side) => product * side);
        }
        if (wanted > 4 * held + 1_000_000)
        {
            throw new InputException(
                $"{source} does not hold the weights of this model: {description} describes {wanted} weights, the tensors have {held}.");
        }
    }

    private static void Check(SafetensorsInfo info, IReadOnlyList<long> shape, List<string> problems)
    {
        if (!info.Shape.SequenceEqual(shape))
        {
            problems.Add($"shape: {info.Name} is {info.ShapeText}, expected [{string.Join(", ", shape)}]");
        }
        else if (info.Type is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float64))
        {
            problems.Add($"type: {info.Name} is {info.Type}, expected a float type");
        }
    }
}
