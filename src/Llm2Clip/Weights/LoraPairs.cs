using static TorchSharp.torch;

namespace Llm2Clip.Weights;

/// <summary>The two tensors of a LoRA file that change one product.</summary>
/// <param name="Product">The product, as the file's layout names it.</param>
/// <param name="Down">Name of A [r, in].</param>
/// <param name="Up">Name of B [out, r].</param>
internal sealed record LoraPair(string Product, string Down, string Up);

/// <summary>
/// Pairs the tensors of a LoRA file, and holds them against the model that they are to change. Strict: what is unexpected, unpaired or of
/// another shape is listed in one message.
/// </summary>
/// <param name="file">Where the tensors are.</param>
/// <param name="source">File or folder, for messages.</param>
internal sealed class LoraPairs(ISafetensors file, string source)
{
    private readonly SortedDictionary<string, string?[]> _halves = new(StringComparer.Ordinal); // A, B
    private readonly List<string> _problems = [];

    /// <summary>The pairs, in the order of the products' names, and the rank that all of them have.</summary>
    /// <param name="placeOf">The product and the half (A or not) that a tensor's name tells of; null for a name of another kind.</param>
    /// <param name="sizesOf">Inputs and outputs of a product; null where the model has none of that name that can be changed.</param>
    /// <param name="rank">The rank that the file's settings state; null = that of the first pair.</param>
    /// <exception cref="InputException">Something is unexpected, missing or misshapen, or there is nothing.</exception>
    public (IReadOnlyList<LoraPair> Pairs, int Rank) Find(
        Func<string, (string Product, bool IsDown)?> placeOf, Func<string, (long Inputs, long Outputs)?> sizesOf, int? rank = null)
    {
        foreach (var name in file.Names)
        {
            Place(name, placeOf(name), sizesOf);
        }
        if (file.Names.Count == 0)
        {
            _problems.Add("empty: there is no tensor in it");
        }
        long? common = rank;
        foreach (var (product, halves) in _halves)
        {
            if (halves is not [{ } down, { } up])
            {
                _problems.Add($"missing: the {(halves[0] is null ? 'A' : 'B')} of {halves[0] ?? halves[1]}");
                continue;
            }
            var (inputs, outputs) = sizesOf(product)!.Value;
            common ??= file.Info(down).Shape is [> 0 and var rows, _] ? rows : null;
            Check(down, common, inputs, [common ?? 1, inputs]);
            Check(up, common, outputs, [outputs, common ?? 1]);
        }
        return _problems.Count == 0
            ? ([.. _halves.Select(pair => new LoraPair(pair.Key, pair.Value[0]!, pair.Value[1]!))], (int)common!.Value)
            : throw new InputException(
                $"{source} does not hold a LoRA for this model:{string.Concat(_problems.Select(problem => "\n  " + problem))}");
    }

    private void Place(string name, (string Product, bool IsDown)? place, Func<string, (long, long)?> sizesOf)
    {
        var info = file.Info(name);
        if (place is not { } found)
        {
            _problems.Add($"unexpected: {name} {info.ShapeText}");
        }
        else if (sizesOf(found.Product) is null)
        {
            _problems.Add($"unknown: {name} changes {found.Product}, which is no product in a block of this model");
        }
        else if (info.Type is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float64))
        {
            _problems.Add($"type: {name} is {info.Type}, expected a float type");
        }
        else
        {
            if (!_halves.TryGetValue(found.Product, out var halves))
            {
                _halves.Add(found.Product, halves = new string?[2]);
            }
            ref var half = ref halves[found.IsDown ? 0 : 1];
            if (half is not null)
            {
                _problems.Add($"twice: {name} and {half}");
            }
            half = name;
        }
    }

    private void Check(string name, long? rank, long side, IReadOnlyList<long> expected)
    {
        var info = file.Info(name);
        if (rank is null || !info.Shape.SequenceEqual(expected))
        {
            var wanted = rank is { } known ? $"[{string.Join(", ", expected)}] with rank {known}" : $"a matrix with {side} on one side";
            _problems.Add($"shape: {name} is {info.ShapeText}, expected {wanted}");
        }
    }
}
