using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>The four stages of a residual network, <c>layer1</c> to <c>layer4</c>; each but the first halves its maps.</summary>
internal sealed class ResNetStages
{
    private readonly ModuleList<ResidualBlock>[] _stages;

    /// <param name="into">The module that they are parts of.</param>
    /// <param name="counts">Blocks of each stage.</param>
    /// <param name="inputs">Channels before the first stage.</param>
    /// <param name="outputs">Channels of a stage's maps, by its number from 0.</param>
    /// <param name="newBlock">A block of a stage, by its number, from its input's channels and its stride.</param>
    public ResNetStages(
        nn.Module into, IReadOnlyList<int> counts, int inputs, Func<int, int> outputs, Func<int, int, int, ResidualBlock> newBlock)
    {
        _stages = [.. counts.Select((count, stage) =>
        {
            var blocks = new ModuleList<ResidualBlock>();
            for (var i = 0; i < count; i++)
            {
                blocks.Add(newBlock(stage, inputs, i == 0 && stage > 0 ? 2 : 1));
                inputs = outputs(stage);
            }
            return blocks;
        })];
        foreach (var (name, stage) in ResNetConfig.StageNames.Zip(_stages))
        {
            into.register_module(name, stage);
        }
    }

    /// <summary>The blocks in order.</summary>
    public IReadOnlyList<ResidualBlock> Blocks => [.. _stages.SelectMany(stage => stage)];

    /// <summary>What the names of the blocks' parameters begin with, of so many blocks in each stage.</summary>
    public static IReadOnlyList<string> BlockNames(IReadOnlyList<int> counts, string prefix = "") =>
        [.. ResNetConfig.StageNames.Zip(counts).SelectMany(
            stage => Enumerable.Range(0, stage.Second).Select(block => $"{prefix}{stage.First}.{block}"))];

    /// <summary>The last stage's map, in the current dispose scope; <paramref name="visit"/> sees each stage's by its name.</summary>
    public Tensor Pass(Tensor x, Action<string, Tensor>? visit)
    {
        foreach (var (name, stage) in ResNetConfig.StageNames.Zip(_stages))
        {
            foreach (var block in stage)
            {
                x = block.call(x);
            }
            visit?.Invoke(name, x);
        }
        return x;
    }
}
