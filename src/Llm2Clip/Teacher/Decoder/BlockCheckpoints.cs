using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// The gradients of a pass through a decoder in the memory of one block's (activation checkpointing, https://arxiv.org/abs/1604.06174):
/// what enters each block is kept, and each block is run again for its own gradient, the last one first.
/// </summary>
internal static class BlockCheckpoints
{
    /// <summary>
    /// Adds to the parameters' gradients those of a batch of texts. They equal those of the graph of <see cref="DecoderModel.Run"/>: the
    /// same products of the same numbers, whose noise each block draws for itself.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">The tokens.</param>
    /// <param name="attention">As <see cref="DecoderModel.Run"/> takes it.</param>
    /// <param name="fullWindow">As <see cref="DecoderModel.Run"/> takes it.</param>
    /// <param name="place">Where the states are read; a block or the final norm.</param>
    /// <param name="pool">Vectors [B, W] of the states there [B, T, W].</param>
    /// <param name="gradient">Gradient of the vectors, [B, W].</param>
    public static void Backward(
        DecoderModel model, TokenBatch batch, TeacherAttention attention, bool fullWindow, int place, Func<Tensor, Tensor> pool,
        Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var blocks = model.BlocksUpTo(place);
        var views = model.Views(batch, attention, fullWindow, blocks);
        var entering = Entering(model, batch, views, blocks);
        var above = GradientOf(entering[blocks], x => pool(place == TeacherLayer.Final ? model.Norm(x) : x), gradient);
        for (var block = blocks - 1; block >= 0; block--)
        {
            entering[block + 1].Dispose();
            var below = GradientOf(entering[block], x => model.Pass(block, x, views), above);
            above.Dispose();
            above = below;
        }
    }

    /// <summary>What enters each block, and what leaves the last one.</summary>
    private static Tensor[] Entering(DecoderModel model, TokenBatch batch, DecoderViews views, int blocks)
    {
        using var off = no_grad();
        var entering = new Tensor[blocks + 1];
        entering[0] = model.Embed(batch.Ids);
        for (var block = 0; block < blocks; block++)
        {
            entering[block + 1] = model.Pass(block, entering[block], views);
        }
        return entering;
    }

    /// <summary>The gradient by x, given that by what the function makes of it; parameters on the way get theirs.</summary>
    private static Tensor GradientOf(Tensor x, Func<Tensor, Tensor> function, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var leaf = x.detach().requires_grad_(true);
        function(leaf).backward([gradient]);
        return leaf.grad!.MoveToOuterDisposeScope();
    }
}
