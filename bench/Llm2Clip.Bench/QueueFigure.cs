using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// A training step with <c>clip_train.text_queue: 16384</c> against the same step without: one student, whose steps of either kind take
/// turns. The queue is renewed as in a run: each step reads a part of the vectors from an embedding store and encodes them.
/// </summary>
internal static class QueueFigure
{
    private const int Batch = 64;
    private const int Side = 224;
    private const int Queued = 16_384;
    private const int Pool = 40_000;
    private const int Rounds = 7;

    public static IEnumerable<Figure> Measure() => Measure(Rounds);

    /// <summary>The row, printed only. Argument: the number of turns (2).</summary>
    public static int Trial(string[] args) => FigureTable.PrintTrial(args, Measure);

    private static IEnumerable<Figure> Measure(int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("llm2clip-bench").FullName;
        try
        {
            Fill(folder);
            using var store = EmbeddingStore.Open(folder);
            using var student = new TrainedStudent(
                StudentStep.VitS32 with { AdapterBlocks = 4 }, StudentStep.TeacherDim, Precision.Bf16, CPU);
            var plain = new ClipTrainConfig { BatchSize = Batch };
            var queued = plain with { TextQueue = Queued };
            var sampler = plain.CreateSampler();
            var rows = Enumerable.Range(0, Pool).Select(i => store.Find(CaptionHash.Of(Text(i))));
            using var queue = new TextQueue(new TextPool(store, rows), queued, sampler, student.Student.TextAdapter);
            using var batch = NewBatch();
            using var loss = plain.CreateLoss(CPU);
            var without = new ClipTrainStep(student.Student, plain, store, sampler, loss);
            var with = new ClipTrainStep(student.Student, queued, store, sampler, loss, queue: queue);
            var step = 0;
            var times = Turns.Medians(
                rounds,
                Turns.Time(() => student.Step(() => with.Backward(batch, 0, step++))),
                Turns.Time(() => student.Step(() => without.Backward(batch, 0, step))));
            yield return Figure.AtMost(
                "queue",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"training step of ViT-S/32 in bf16, {Batch} images, {Queued:N0} queued captions as further negatives, ")
                + $"{get_num_threads()} threads",
                $"{times[0] * 1e3:0} ms", $"no queue {times[1] * 1e3:0} ms", times[0] / times[1], 1.1);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(int caption) => string.Create(CultureInfo.InvariantCulture, $"caption {caption}");

    private static void Fill(string folder)
    {
        using var writer = EmbeddingStore.Create(folder, "made up", StudentStep.TeacherDim);
        var vectors = new float[Pool * StudentStep.TeacherDim];
        var random = new Random(1);
        foreach (ref var value in vectors.AsSpan())
        {
            value = random.NextSingle() - 0.5f;
        }
        writer.Append([.. Enumerable.Range(0, Pool).Select(Text)], vectors);
        writer.Complete();
    }

    private static SampleBatch NewBatch()
    {
        var pixels = new byte[Batch * Side * Side * 3];
        new Random(1).NextBytes(pixels);
        Sample[] samples = [.. Enumerable.Range(0, Batch).Select(i => new Sample(
            $"{i}", $"{i}", [new Caption(Text(i), "en", CaptionKind.Short)], MemoryImage.None))];
        return new SampleBatch(0, samples, pixels, Side, _ => { });
    }
}
