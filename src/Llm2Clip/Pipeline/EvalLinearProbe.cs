using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Reporting;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The <c>eval linear-probe</c> command: logistic regression on a student's frozen features, with <c>linear-probe.json</c> as the result.
/// It needs no teacher.
/// </summary>
public static class EvalLinearProbe
{
    /// <summary>Name of the numbers in the output folder.</summary>
    public const string JsonFile = RunFiles.LinearProbe;

    /// <summary>Fits, classifies and writes. Throws <see cref="InputException"/> where the labels of both data sets do not fit.</summary>
    public static LinearProbeReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.EvalLinearProbe, "eval_linear_probe");
        Needs.OfLinearProbe(run);
        var model = run.NamedStudent();
        var output = run.EvaluationFolder(StudentFolder.Find(model), config.Output);
        var device = ComputeDevice.Resolve(run.Eval.Device).Device;
        using var student = Student.Load(model, device);
        var train = Open(run, config.Train, log);
        var test = Open(run, config.Data, log);
        using var writer = FolderLock.Take(output);
        var cache = config.FeatureCache.Length > 0 ? config.FeatureCache : Path.Combine(output, "features");
        var sets = ProbeSets.Of(
            Encode(run, train, student, cache, log, cancellation), Encode(run, test, student, cache, log, cancellation), config);
        var result = LinearProbe.Run(sets, config, run.Eval.Seed, device, log, cancellation);
        var report = new LinearProbeReport
        {
            Model = model,
            Train = config.Train,
            Data = config.Data,
            TrainImages = sets.Train.Labels.Length,
            Images = sets.Test.Labels.Length,
            Classes = sets.Classes.Count,
            Features = config.Features,
            Dimension = sets.Train.Dimension,
            Penalty = result.Penalty,
            Tried = result.Tried,
            Iterations = result.Fit.Iterations,
            LargestGradient = result.Fit.LargestGradient,
            Scores = result.Scores,
            Date = TimeProvider.System.GetUtcNow(),
            Device = device.ToString(),
        };
        DurableFolder.Create(output);
        PendingFile.Write(Path.Combine(output, JsonFile), report.ToJson() + "\n");
        return report;
    }

    private static ISampleSource Open(RunConfig run, string pattern, IRunLog log)
    {
        ShardPattern.RequireRepeatable(pattern, "eval linear-probe, which looks up the features of each image,");
        return Datasets.OpenLabeled(pattern, run.LabeledData(), run.EvalLinearProbe.LabelKey, "eval_linear_probe.label_key", log);
    }

    private static (float[] Features, IReadOnlyList<string> Labels) Encode(
        RunConfig run, ISampleSource source, Student student, string cache, IRunLog log, CancellationToken cancellation)
    {
        var loader = LoaderConfig.ForEvaluation(run.LabeledData(), student.Transform, run.Eval.BatchSize);
        using var features = new PooledFeatures(student, source, loader, cache);
        features.Fill(views: 1, keep: null, log, cancellation);
        var (samples, pooled) = features.All(cancellation);
        var rows = run.EvalLinearProbe.Features == ProbedFeatures.Pooled ? pooled : student.ProjectImages(pooled, samples.Count);
        return (rows, [.. samples.Select(Datasets.LabelOf)]);
    }
}
