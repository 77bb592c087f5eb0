using Llm2Clip.Models;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// How long a training pauses for a checkpoint of ViT-L/14 with AdamW's moments, against writing as many bytes one after the other into a
/// file and flushing it to the disk. Both replace what the turn before wrote.
/// </summary>
internal static class CheckpointFigure
{
    private const int Rounds = 3;
    private const int PieceBytes = 64 << 20;

    public static IEnumerable<Figure> Measure()
    {
        var config = new StudentConfig
        {
            ImageSize = 224, PatchSize = 14, Width = 1024, Heads = 16, Layers = 24, EmbedDim = 768, AdapterBlocks = 1,
        };
        using var student = Student.Create(config, StudentStep.TeacherDim, 1, 1, CPU);
        var named = student.NamedParameters();
        var groups = ParameterGroups.Build(
            named.Select(p => (p.Name, p.Parameter.shape.Length)), new GroupOptions(1e-3, 1e-3, 1e-3, 0.2),
            LayerNaming.Of(student.ImageEncoder));
        using var weights = new TrainedWeights(named, groups, new AdamWOptions());
        var folder = Directory.CreateTempSubdirectory("llm2clip-bench").FullName;
        try
        {
            var (checkpoint, raw) = (Path.Combine(folder, "last"), Path.Combine(folder, "raw"));
            var identity = new Dictionary<string, string>();
            void Save() => Checkpoint.Save(checkpoint, new TrainState(), identity, weights);
            Save();
            var bytes = Directory.GetFiles(checkpoint).Sum(file => new FileInfo(file).Length);
            var times = Turns.Medians(Rounds, Turns.Time(Save), Turns.Time(() => Write(raw, bytes)));
            yield return Figure.AtMost(
                "checkpoint", $"checkpoint of ViT-L/14 and its optimizer, {bytes / 1e9:0.00} GB",
                $"{times[0]:0.00} s, {bytes / times[0] / 1e6:0} MB/s",
                $"as many bytes written in pieces of {PieceBytes >> 20} MB, then fsync, {times[1]:0.00} s", times[0] / times[1], 1.3);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string path, long bytes)
    {
        var piece = new byte[PieceBytes];
        new Random(1).NextBytes(piece);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var at = 0L; at < bytes; at += piece.Length)
        {
            file.Write(piece.AsSpan(0, (int)Math.Min(piece.Length, bytes - at)));
        }
        file.Flush(flushToDisk: true);
    }
}
