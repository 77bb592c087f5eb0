namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// The files of a model that is split: metadata in the first, tensors in all. They are named as llama.cpp names them, with
/// <c>-00001-of-00003.gguf</c> at the end.
/// </summary>
internal static class GgufParts
{
    private const string CountKey = "split.count";
    private const string NumberKey = "split.no";
    private const string TensorsKey = "split.tensors.count";
    private const int Most = 99_999; // what five digits can name

    /// <summary>
    /// Where the parts are, the first one first; the file alone where it is not split. Throws <see cref="InputException"/> where it is
    /// split and its name does not tell the others'.
    /// </summary>
    public static IReadOnlyList<string> Paths(GgufFile first)
    {
        var count = first.Has(CountKey) ? first.GetInteger(CountKey) : 1;
        if (count is 0 or 1)
        {
            return [first.Path];
        }
        var end = $"-00001-of-{count:D5}.gguf";
        if (count is < 0 or > Most || !first.Path.EndsWith(end, StringComparison.Ordinal))
        {
            throw new InputException(
                $"{first.Path}: the first of {count} parts (key '{CountKey}'), so its name must end with {end}, as llama.cpp names it. "
                + "Give all parts their names back.");
        }
        var stem = first.Path[..^end.Length];
        return [.. Enumerable.Range(1, (int)count).Select(part => $"{stem}-{part:D5}-of-{count:D5}.gguf")];
    }

    /// <summary>
    /// Opens the parts. Throws <see cref="InputException"/> where one is missing or damaged, or they do not belong together.
    /// </summary>
    public static IReadOnlyList<GgufFile> Open(GgufFile first)
    {
        var paths = Paths(first);
        if (paths.Count == 1)
        {
            return [first];
        }
        if (paths.FirstOrDefault(path => !File.Exists(path)) is { } missing)
        {
            throw new InputException(
                $"{first.Path}: the model has {paths.Count} parts, and {missing} is not there. Put it beside the first.");
        }
        IReadOnlyList<GgufFile> parts = [first, .. paths.Skip(1).Select(GgufFile.Open)];
        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i].GetInteger(NumberKey) != i || parts[i].GetInteger(CountKey) != parts.Count)
            {
                throw new InputException(
                    $"{parts[i].Path}: says that it is part {parts[i].GetInteger(NumberKey) + 1} of {parts[i].GetInteger(CountKey)} (keys "
                    + $"'{NumberKey}' and '{CountKey}'), its name {i + 1} of {parts.Count}.");
            }
        }
        var tensors = parts.Sum(part => (long)part.Tensors.Count);
        return tensors == first.GetInteger(TensorsKey)
            ? parts
            : throw new InputException(
                $"{first.Path}: its parts hold {tensors} tensors, key '{TensorsKey}' says {first.GetInteger(TensorsKey)}. They are of "
                + "different models; fetch or split the model anew.");
    }
}
