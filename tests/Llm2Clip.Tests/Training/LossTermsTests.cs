using Llm2Clip.Layers;
using Llm2Clip.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// Retention, relational distillation, soft targets and queued captions against plain loops in double, and their gradients against
/// finite differences of those loops. fp32 has steps of 6e-8: sums of some hundred terms of size 1 agree to 1e-5, gradients of size 0.1
/// to 2e-5.
/// </summary>
public class LossTermsTests
{
    private const int Width = 6;
    private const double LogScale = 1.5;
    private const double Bias = -2;
    private const double LossTolerance = 1e-5;
    private const double GradientTolerance = 2e-5;
    private static readonly int[] Owner = [0, 1, 2, 3, 0, 1, 1, 2, 3];

    [Fact]
    public void RetentionEqualsTheLoopsAndSoDoesItsGradient()
    {
        using var scope = NewDisposeScope();
        var (student, original) = (Numbers(1, 5), Numbers(2, 5).requires_grad_(true));
        var loss = RetentionTerm.Between(student, original);
        Check(loss, student, 5, rows => Enumerable.Range(0, 5).Average(i => 1 - Cosine(rows[i], Rows(original)[i])));
        Assert.True(original.grad is null, "the original encoder gets no gradient");
    }

    [Theory]
    [InlineData(4, 10, 15)]
    [InlineData(7, 1, 40)]
    [InlineData(3, 5, 5)]
    public void RelationalDistillationEqualsTheLoopsAndSoDoesItsGradient(int count, double studentScale, double teacherScale)
    {
        using var scope = NewDisposeScope();
        var (images, places) = (Numbers(1, count), Numbers(2, count).requires_grad_(true));
        var loss = RelationalTerm.Between(images, places, studentScale, teacherScale);
        var teacher = Rows(places);
        Check(loss, images, count, rows =>
        {
            var sum = 0.0;
            for (var i = 0; i < count; i++)
            {
                var others = Enumerable.Range(0, count).Where(j => j != i).ToArray();
                var p = Softmax([.. others.Select(j => teacherScale * Cosine(teacher[i], teacher[j]))]);
                var q = Softmax([.. others.Select(j => studentScale * Cosine(rows[i], rows[j]))]);
                sum += p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum();
            }
            return sum / count;
        });
        Assert.True(places.grad is null, "the teacher gets no gradient");
    }

    [Fact]
    public void RelationalDistillationIsZeroWhereTheStudentsSimilaritiesAreTheTeachers()
    {
        using var scope = NewDisposeScope();
        var places = Numbers(3, 6);
        using var off = no_grad();
        Assert.Equal(0, RelationalTerm.Between(places * 3f, places, 15, 15).item<float>(), 1e-6);
        Assert.True(RelationalTerm.Between(Numbers(4, 6), places, 15, 15).item<float>() > 0.1);
        // One image has no other: nothing to compare, and nothing that is not a number.
        Assert.Equal(0, RelationalTerm.Between(Numbers(4, 1), Numbers(5, 1), 15, 15).item<float>());
    }

    [Theory]
    [InlineData("infonce", 0)]
    [InlineData("infonce", 0.1)]
    [InlineData("multi_positive", 0)]
    [InlineData("multi_positive", 0.1)]
    [InlineData("sigmoid", 0)]
    public void QueuedCaptionsAreNegativesOfEveryImage(string kind, double smoothing)
    {
        using var scope = NewDisposeScope();
        const int Images = 4, Queued = 5, Masked = 3;
        var (images, captions) = (Numbers(1, Images), Numbers(2, kind == "infonce" ? Images : Owner.Length));
        var queue = Numbers(3, Queued).requires_grad_(false).Normalize();
        var mask = new float[Queued];
        mask[Masked] = QueuedCaptions.Gone;
        var batch = new ContrastiveBatch(
            images, captions, tensor((float)LogScale), [.. Enumerable.Range(0, (int)captions.shape[0]).Select(c => $"caption {c}")],
            captions.detach())
        { Queue = new QueuedCaptions(queue, tensor(mask)) };
        int[] owner = kind == "infonce" ? [0, 1, 2, 3] : Owner;
        var loss = kind switch
        {
            "infonce" => InfoNceLoss.OfOneCaption(batch, smoothing, null, batch.QueueSums()),
            "multi_positive" => MultiPositiveLoss.Between(
                images, captions, batch.LogitScale, owner, smoothing, queue: batch.QueueSums()),
            _ => SigmoidLoss.Between(images, captions, batch.LogitScale, tensor((float)Bias), owner, null, batch.Queue),
        };
        var (texts, further) = (Rows(captions), Rows(queue).Where((_, n) => n != Masked).ToArray());
        Check(loss, images, Images, rows => kind == "sigmoid"
            ? Sigmoid(rows, texts, further, owner)
            : Softmaxes(rows, texts, further, owner));

        double Softmaxes(double[][] rows, double[][] own, double[][] more, int[] owners)
        {
            var (toText, toImage) = (0.0, 0.0);
            for (var c = 0; c < own.Length; c++)
            {
                var i = owners[c];
                var candidates = Enumerable.Range(0, own.Length).Where(k => k == c || owners[k] != i).ToArray();
                double[] logits = [.. candidates.Select(k => Logit(rows[i], own[k]))];
                toText += Entropy(logits, [.. more.Select(q => Logit(rows[i], q))], Array.IndexOf(candidates, c))
                    / owners.Count(o => o == i) / rows.Length;
                toImage += Entropy([.. rows.Select(row => Logit(row, own[c]))], [], i) / own.Length;
            }
            return (toText + toImage) / 2;
        }

        // The targets are spread over the batch's candidates; the queue is in the denominator alone.
        double Entropy(double[] logits, double[] more, int label)
        {
            var log = Math.Log(logits.Concat(more).Sum(Math.Exp));
            return Enumerable.Range(0, logits.Length)
                .Sum(k => ((k == label ? 1 - smoothing : 0) + smoothing / logits.Length) * (log - logits[k]));
        }
    }

    [Fact]
    public void AQueueThatIsAllMaskedChangesNothing()
    {
        using var scope = NewDisposeScope();
        var (images, captions) = (Numbers(1, 4), Numbers(2, 4));
        var queue = new QueuedCaptions(Numbers(3, 6).detach().Normalize(), full([6], QueuedCaptions.Gone));
        var scale = tensor((float)LogScale);
        var with = InfoNceLoss.Between(images, captions, scale, queue: queue.LogSums(images, scale));
        var without = InfoNceLoss.Between(images, captions, scale);
        Assert.Equal(without.item<float>(), with.item<float>());
    }

    [Fact]
    public void TheTeachersPlaceOfAnImageIsTheMeanOfAllItsCaptionsInEveryTermOfInfoNce()
    {
        using var scope = NewDisposeScope();
        const int Images = 4, PerImage = 3;
        const double Smoothing = 0.1, Weight = 0.3, Sharpness = 8;
        var (images, captions, vectors) = (Numbers(1, Images), Numbers(2, Images * PerImage), Numbers(3, Images * PerImage));
        var batch = new ContrastiveBatch(
            images, captions, tensor((float)LogScale), [.. Enumerable.Range(0, Images * PerImage).Select(c => $"caption {c}")], vectors);
        var loss = new InfoNceLoss(new SoftLabels(Smoothing, Weight, Sharpness)).Of(batch);

        double[][] unit = [.. Rows(vectors).Select(row => row.Select(v => v / Math.Sqrt(row.Sum(x => x * x))).ToArray())];
        double[][] centered = [.. unit.Select(row => row.Select((v, d) => v - unit.Average(r => r[d])).ToArray())];
        double[][] own = [.. centered.Select(row => row.Select(v => v / Math.Sqrt(row.Sum(x => x * x))).ToArray())];
        double[][] places = [.. Enumerable.Range(0, Images).Select(i =>
            Enumerable.Range(0, Width).Select(d => Enumerable.Range(0, PerImage).Sum(n => own[n * Images + i][d])).ToArray())];
        var texts = Rows(captions);
        Check(loss, images, Images, rows => Enumerable.Range(0, PerImage).Average(n =>
        {
            double Teacher(int image, int caption) => Sharpness * Cosine(places[image], own[n * Images + caption]);
            double Student(int image, int caption) => Logit(rows[image], texts[n * Images + caption]);
            return Enumerable.Range(0, Images).Average(i =>
                Entropy(i, k => Student(i, k), k => Teacher(i, k)) + Entropy(i, k => Student(k, i), k => Teacher(k, i))) / 2;
        }));

        static double Entropy(int label, Func<int, double> student, Func<int, double> teacher)
        {
            double[] logits = [.. Enumerable.Range(0, Images).Select(student)];
            var shares = Softmax([.. Enumerable.Range(0, Images).Select(teacher)]);
            var log = Math.Log(logits.Sum(Math.Exp));
            return Enumerable.Range(0, Images).Sum(k =>
                ((1 - Weight) * ((k == label ? 1 - Smoothing : 0) + Smoothing / Images) + Weight * shares[k]) * (log - logits[k]));
        }
    }

    private static double Sigmoid(double[][] rows, double[][] own, double[][] more, int[] owners)
    {
        var sum = 0.0;
        for (var i = 0; i < rows.Length; i++)
        {
            sum += Enumerable.Range(0, own.Length).Sum(c => Softplus((owners[c] == i ? -1 : 1) * (Logit(rows[i], own[c]) + Bias)));
            sum += more.Sum(q => Softplus(Logit(rows[i], q) + Bias));
        }
        return sum / own.Length;

        static double Softplus(double v) => Math.Log(1 + Math.Exp(v));
    }

    /// <summary>The loss, and its gradient by the rows, against the loops; the differences are central, of 1e-5 in double.</summary>
    private static void Check(Tensor loss, Tensor rows, int count, Func<double[][], double> loops)
    {
        loss.backward();
        var numbers = Rows(rows);
        Assert.Equal(loops(numbers), loss.item<float>(), LossTolerance);
        var gradient = GoldenTensors.Values(rows.grad!);
        const double Step = 1e-5;
        for (var i = 0; i < count * Width; i++)
        {
            ref var number = ref numbers[i / Width][i % Width];
            var middle = number;
            number = middle + Step;
            var above = loops(numbers);
            number = middle - Step;
            var below = loops(numbers);
            number = middle;
            Assert.Equal((above - below) / (2 * Step), gradient[i], GradientTolerance);
        }
        Assert.Contains(gradient, value => Math.Abs(value) > 1e-3);
    }

    private static double Logit(double[] x, double[] y) => Math.Exp(LogScale) * Cosine(x, y);

    private static double Cosine(double[] x, double[] y) =>
        x.Zip(y, (a, b) => a * b).Sum() / Math.Sqrt(x.Sum(a => a * a) * y.Sum(b => b * b));

    private static double[] Softmax(double[] x)
    {
        var sum = x.Sum(Math.Exp);
        return [.. x.Select(v => Math.Exp(v) / sum)];
    }

    private static double[][] Rows(Tensor rows) => [.. GoldenTensors.Values(rows).Select(value => (double)value).Chunk(Width)];

    private static Tensor Numbers(ulong seed, long rows)
    {
        var numbers = zeros([rows, Width]);
        new WeightInit(seed).Normal(numbers, 1);
        return numbers.requires_grad_(true);
    }
}
