using Llm2Clip.Layers;
using Llm2Clip.Training.Losses;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>Masks, smoothing and soft targets against a derivation in plain loops.</summary>
public class LossesTests
{
    private const int Width = 6;
    private static readonly int[] Owner = [0, 1, 2, 3, 0, 1, 1];
    private static readonly string[] Wording = ["a", "b", "c", "a", "d", "e", "d"];

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(0.1, 0, true)]
    [InlineData(0, 0.4, false)]
    [InlineData(0.2, 0.3, true)]
    public void MultiPositiveEqualsTheLoops(double smoothing, double weight, bool mask)
    {
        using var scope = NewDisposeScope();
        var (image, caption, vectors) = (Numbers(1, 4), Numbers(2, 7), Numbers(3, 7));
        var logScale = tensor(1.5f);
        var excluded = mask ? SamePairs.IdenticalCaptions(Wording, Owner, 4, CPU) : null;
        var teacher = weight > 0 ? SoftTargets.From(vectors, Owner, 4, weight, 5) : null;
        var loss = MultiPositiveLoss.Between(image, caption, logScale, Owner, smoothing, excluded, teacher);

        var logits = image.Normalize().matmul(caption.Normalize().t()) * (float)Math.Exp(1.5);
        double Logit(int i, int c) => logits[i, c].item<float>();
        double Soft(int i, int c) => teacher is null ? 0 : teacher.ToText[i, c].item<float>();
        bool Same(int i, int c) => mask && Enumerable.Range(0, 7).Any(other => Owner[other] == i && Wording[other] == Wording[c]);
        var (toText, toImage) = (0.0, 0.0);
        for (var c = 0; c < 7; c++)
        {
            var i = Owner[c];
            var texts = Enumerable.Range(0, 7).Where(k => k == c || (Owner[k] != i && !Same(i, k))).ToArray();
            toText += Row([.. texts.Select(k => Logit(i, k))], [.. texts.Select(k => Soft(i, k))], Array.IndexOf(texts, c), smoothing,
                weight)
                / Owner.Count(o => o == i) / 4;
            var images = Enumerable.Range(0, 4).Where(k => k == i || !Same(k, c)).ToArray();
            toImage += Row([.. images.Select(k => Logit(k, c))], [.. images.Select(k => Soft(k, c))], Array.IndexOf(images, i), smoothing,
                weight) / 7;
        }
        Assert.Equal((toText + toImage) / 2, loss.item<float>(), 1e-5);
    }

    /// <summary>
    /// Value and gradients by features, scale and queue of a batch of 7 in blocks of 3 rows, against autograd over all logits at once. A
    /// scale of 90 would overflow a sum of plain exponentials.
    /// </summary>
    [Theory]
    [InlineData(2.6f, false)]
    [InlineData(2.6f, true)]
    [InlineData(4.5f, true)]
    public void TheLossInBlocksEqualsTheWhole(float logScale, bool hasQueue)
    {
        using var scope = NewDisposeScope();
        List<Tensor> NewInputs() =>
        [
            Numbers(1, 7).requires_grad_(true), Numbers(2, 7).requires_grad_(true), tensor(logScale).requires_grad_(true),
            Numbers(3, 7).sum(1).requires_grad_(true),
        ];
        var (whole, blocks) = (NewInputs(), NewInputs());
        var expected = InfoNceLoss.Between(whole[0], whole[1], whole[2], queue: hasQueue ? whole[3] : null);
        var loss = BlockedInfoNce.Between(blocks[0], blocks[1], blocks[2], hasQueue ? blocks[3] : null, rows: 3);
        Assert.Equal(expected.item<float>(), loss.item<float>(), 1e-5f);
        expected.Times(0.7).backward();
        loss.Times(0.7).backward();
        foreach (var (one, other) in whole.Zip(blocks).Take(hasQueue ? 4 : 3))
        {
            // fp32 sums of numbers up to 90 in another order: 1e-5 of the largest.
            var bound = 1e-5 * Math.Max(1, one.grad!.abs().max().item<float>());
            Assert.InRange((one.grad! - other.grad!).abs().max().item<float>(), 0, bound);
        }
    }

    [Fact]
    public void LargeBatchesTakeTheLossInBlocks()
    {
        using var scope = NewDisposeScope();
        var (image, text) = (Numbers(1, BlockedInfoNce.Least), Numbers(2, BlockedInfoNce.Least));
        var none = zeros([image.shape[0], image.shape[0]], ScalarType.Bool); // excludes nothing, and has all logits at once
        Assert.Equal(
            InfoNceLoss.Between(image, text, tensor(2f), excluded: none).item<float>(),
            InfoNceLoss.Between(image, text, tensor(2f)).item<float>(), 1e-5f);
    }

    /// <summary>Images 1 and 2 are one image under two numbers: neither's captions are the other's negatives. Image 0 is another.</summary>
    [Fact]
    public void CaptionsOfAnImageThatComesTwiceAreNoNegatives()
    {
        using var scope = NewDisposeScope();
        bool[,] expected = { { false, false, false, false }, { false, false, true, false }, { false, true, false, true } };
        using var same = SamePairs.IdenticalCaptions(["a", "b", "c", "d"], [0, 1, 2, 1], 3, CPU, ["x", "y", "y"])!;
        Assert.Equal([.. expected.Cast<bool>()], same.data<bool>().ToArray());
        Assert.Null(SamePairs.IdenticalCaptions(["a", "b", "c"], [0, 1, 2], 3, CPU, ["x", "y", "z"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SigmoidEqualsTheLoops(bool mask)
    {
        using var scope = NewDisposeScope();
        var (image, caption) = (Numbers(1, 4), Numbers(2, 7));
        var excluded = mask ? SamePairs.IdenticalCaptions(Wording, Owner, 4, CPU) : null;
        var loss = SigmoidLoss.Between(image, caption, tensor(1.5f), tensor(-2f), Owner, excluded);

        var logits = image.Normalize().matmul(caption.Normalize().t()) * (float)Math.Exp(1.5);
        var sum = 0.0;
        for (var i = 0; i < 4; i++)
        {
            for (var c = 0; c < 7; c++)
            {
                var own = Owner[c] == i;
                if (own || !mask || !Enumerable.Range(0, 7).Any(other => Owner[other] == i && Wording[other] == Wording[c]))
                {
                    sum += Math.Log(1 + Math.Exp((own ? -1 : 1) * (logits[i, c].item<float>() - 2)));
                }
            }
        }
        Assert.Equal(sum / 7, loss.item<float>(), 1e-5);
    }

    [Fact]
    public void IdenticalCaptionsOfOtherImagesAreNoNegatives()
    {
        using var scope = NewDisposeScope();
        var image = Numbers(1, 2).requires_grad_(true);
        var caption = Numbers(2, 2);
        var same = SamePairs.IdenticalCaptions(["x", "x"], [0, 1], 2, CPU);
        Assert.NotNull(same);
        InfoNceLoss.Between(image, caption, tensor(2f), excluded: same).backward();
        Assert.All(GoldenTensors.Values(image.grad!), value => Assert.Equal(0, value));
        Assert.Null(SamePairs.IdenticalCaptions(["x", "x", "y"], [0, 0, 1], 2, CPU));
    }

    /// <summary>Cross-entropy of one row over its existing columns.</summary>
    private static double Row(double[] logits, double[] soft, int label, double smoothing, double weight)
    {
        static double[] Softmax(double[] x)
        {
            var sum = x.Sum(v => Math.Exp(v - x.Max()));
            return [.. x.Select(v => Math.Exp(v - x.Max()) / sum)];
        }
        var (shares, teacher) = (Softmax(logits), Softmax(soft));
        return -Enumerable.Range(0, logits.Length).Sum(k =>
            ((1 - weight) * ((k == label ? 1 - smoothing : 0) + smoothing / logits.Length) + weight * teacher[k]) * Math.Log(shares[k]));
    }

    private static Tensor Numbers(ulong seed, long rows)
    {
        var numbers = zeros([rows, Width]);
        new WeightInit(seed).Normal(numbers, 1);
        return numbers;
    }
}
