namespace Llm2Clip.Teachers.Llm;

/// <summary>
/// Which tensors of a model's graph hold the states behind its blocks. libllama names the output of block n <c>l_out-(n-1)</c> in every
/// architecture that it builds block by block (llama.cpp src/models); what enters the first block has a name of its own in each.
/// </summary>
internal static class LayerTensors
{
    /// <summary>
    /// The tensors of <paramref name="blocks"/>, null for the final norm. Throws <see cref="ConfigException"/> for a block that the model
    /// does not have, and <see cref="InputException"/> for one whose output its graph does not name.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="blocks">As <see cref="TeacherLayer.Block"/> counts.</param>
    /// <param name="survey">
    /// Gives the names of the graph's tensors with a state for each token, in the order of computation; called only where a block is read.
    /// </param>
    public static TappedTensor?[] Find(LlamaModel model, IReadOnlyList<int> blocks, Func<LlamaModel, List<string>> survey)
    {
        TeacherLayers.RequireBlocks(blocks, model.Handle.LayerCount, model.Header.Path);
        if (blocks.All(block => block == TeacherLayer.Final))
        {
            return new TappedTensor?[blocks.Count];
        }
        var names = survey(model);
        return [.. blocks.Select(block => block == TeacherLayer.Final ? null : new TappedTensor(Name(model, names, block)))];
    }

    private static string Name(LlamaModel model, List<string> names, int block)
    {
        var name = block == 0 ? BeforeBlocks(names) : names.Find(name => name == $"l_out-{block - 1}");
        return name ?? throw new InputException(
            $"{model.Header.Path}: teacher.layers names {block}, but libllama's graph of architecture {model.Header.Architecture} does not "
            + $"name {(block == 0 ? "what enters the first block" : $"the output of block {block}")}. Use teacher.layers: final with it.");
    }

    /// <summary>
    /// The last tensor before the first block's: the embeddings after all that is done to them before, such as Gemma's scale.
    /// </summary>
    private static string? BeforeBlocks(List<string> names)
    {
        var first = names.FindIndex(name => name.EndsWith("-0", StringComparison.Ordinal));
        return first > 0 ? names[first - 1] : null;
    }
}
