using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>
/// One encoder of a large batch, in micro-batches. <paramref name="Encode"/> gives the embeddings [b, D] of a micro-batch; it is called
/// twice for most and must give the same both times, so it seeds its own noise (<see cref="Layers.TrainingNoise.Begin"/>).
/// </summary>
/// <param name="MicroBatches">Number of micro-batches.</param>
/// <param name="Encode">Encodes micro-batch i.</param>
internal sealed record EncoderPass(int MicroBatches, Func<int, Tensor> Encode)
{
    /// <summary>
    /// Adds the gradient of micro-batch i to the parameters', given that of its embeddings [b, D], without the graph of
    /// <see cref="Encode"/>, which is called once then; null: by that graph.
    /// </summary>
    public Action<int, Tensor>? Replay { get; init; }

    /// <summary>
    /// Micro-batches, the last ones, whose graph is kept until the loss is known, so that they are encoded once. The first of them takes no
    /// memory that the others would not take later; each further one takes its own.
    /// </summary>
    public int Kept { get; init; } = 1;

    /// <summary>The first micro-batch whose graph is kept.</summary>
    internal int FirstKept => Replay is null ? Math.Max(0, MicroBatches - Kept) : MicroBatches;
}

/// <summary>
/// Large contrastive batches in little memory (GradCache, https://arxiv.org/abs/2101.06983): encode the micro-batches without graph,
/// take the loss on all embeddings, then replay each micro-batch with the gradient of its embeddings. The gradient equals that of
/// the whole batch at once. With a single micro-batch everywhere nothing is replayed, unless a pass has its own way.
/// </summary>
internal static class GradCache
{
    /// <summary>
    /// Adds the loss's gradient to the parameters' and returns the loss. <paramref name="loss"/> gets the whole embeddings of each pass, in
    /// order. A loss that is not finite is returned as it is, without touching the gradients.
    /// </summary>
    public static double Backward(IReadOnlyList<EncoderPass> passes, Func<IReadOnlyList<Tensor>, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        if (passes.All(pass => pass is { MicroBatches: 1, Replay: null }))
        {
            var whole = loss([.. passes.Select(pass => pass.Encode(0))]);
            var value = (double)whole.cpu().item<float>();
            if (double.IsFinite(value))
            {
                whole.backward();
            }
            return value;
        }

        var parts = passes.Select(EncodeParts).ToArray();
        var embeddings = parts.Select(Joined).ToArray();
        var total = loss(embeddings);
        var result = (double)total.cpu().item<float>();
        if (!double.IsFinite(result))
        {
            return result;
        }
        total.backward();
        for (var p = 0; p < passes.Count; p++)
        {
            Replay(passes[p], embeddings[p].grad!, parts[p]);
        }
        return result;
    }

    /// <summary>All embeddings of a pass without a graph: those of an encoder that is locked.</summary>
    public static Tensor Encode(EncoderPass pass)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return cat(EncodeParts(pass), 0).MoveToOuterDisposeScope();
    }

    /// <summary>The embeddings of each micro-batch; those whose graph is kept require gradients.</summary>
    private static Tensor[] EncodeParts(EncoderPass pass) => [.. Enumerable.Range(0, pass.MicroBatches).Select(part =>
    {
        if (part >= pass.FirstKept)
        {
            return pass.Encode(part);
        }
        using var off = no_grad();
        return pass.Encode(part);
    })];

    private static Tensor Joined(Tensor[] parts)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return cat(parts, 0).detach().requires_grad_(true).MoveToOuterDisposeScope();
    }

    /// <summary>Kept graphs come first, each freed by its own gradient, so that the others have their memory.</summary>
    private static void Replay(EncoderPass pass, Tensor gradient, Tensor[] parts)
    {
        var rows = Array.ConvertAll(parts, part => part.shape[0]);
        var starts = Enumerable.Range(0, parts.Length).Select(part => rows.Take(part).Sum()).ToArray();
        foreach (var part in Enumerable.Range(pass.FirstKept, parts.Length - pass.FirstKept).Concat(Enumerable.Range(0, pass.FirstKept)))
        {
            using var scope = NewDisposeScope();
            var of = gradient.narrow(0, starts[part], rows[part]);
            if (pass.Replay is { } replay)
            {
                replay(part, of);
            }
            else
            {
                (part >= pass.FirstKept ? parts[part] : pass.Encode(part)).backward([of]);
            }
            parts[part].Dispose();
        }
    }
}
