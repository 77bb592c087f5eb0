using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>
/// One encoder of a large batch, in micro-batches. <paramref name="Encode"/> gives the embeddings [b, D] of a micro-batch; it is called
/// twice for each and must give the same both times, so it seeds its own noise (<see cref="Layers.TrainingNoise.Begin"/>).
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
}

/// <summary>
/// Large contrastive batches in little memory (GradCache, https://arxiv.org/abs/2101.06983): encode all micro-batches without graph,
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

        var encoded = passes.Select(EncodeWithoutGraph).ToArray();
        var embeddings = encoded.Select(pass => pass.Embeddings).ToArray();
        var total = loss(embeddings);
        var result = (double)total.cpu().item<float>();
        if (!double.IsFinite(result))
        {
            return result;
        }
        total.backward();
        for (var p = 0; p < passes.Count; p++)
        {
            Replay(passes[p], embeddings[p].grad!, encoded[p].Rows);
        }
        return result;
    }

    /// <summary>All embeddings of a pass without a graph: those of an encoder that is locked.</summary>
    public static Tensor Encode(EncoderPass pass)
    {
        using var scope = NewDisposeScope();
        return EncodeWithoutGraph(pass).Embeddings.detach().MoveToOuterDisposeScope();
    }

    /// <summary>All embeddings of a pass, and how many of them each micro-batch gave.</summary>
    private static (Tensor Embeddings, long[] Rows) EncodeWithoutGraph(EncoderPass pass)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var parts = Enumerable.Range(0, pass.MicroBatches).Select(pass.Encode).ToArray();
        return (
            cat(parts, 0).detach().requires_grad_(true).MoveToOuterDisposeScope(), Array.ConvertAll(parts, part => part.shape[0]));
    }

    private static void Replay(EncoderPass pass, Tensor gradient, long[] rows)
    {
        var row = 0L;
        for (var i = 0; i < pass.MicroBatches; i++)
        {
            using var scope = NewDisposeScope();
            var part = gradient.narrow(0, row, rows[i]);
            if (pass.Replay is { } replay)
            {
                replay(i, part);
            }
            else
            {
                pass.Encode(i).backward([part]);
            }
            row += rows[i];
        }
    }
}
