using System.Globalization;
using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Stage1;

namespace Llm2Clip.Pipeline;

/// <summary>
/// <c>teacher.layers: auto</c>: the layer whose vectors do best in the caption probe on training images, in the training language alone.
/// The LLM is frozen and no adapter has been trained, so that no image is known to the vectors that are compared; <c>data.val</c> and other
/// languages play no part. The choice is kept beside the teacher, so that a run that is resumed stays with it.
/// </summary>
internal sealed class LayerChoice(CcFinetuneConfig config, DataConfig data, IRunLog log, CancellationToken cancellation)
{
    /// <summary>Name of the file in the teacher folder: the choice and the table that it comes from.</summary>
    public const string FileName = "layers.json";

    /// <summary>Images that are compared; the standard error of R@10 is 1.6 points at most with so many.</summary>
    private const int Images = 1000;

    /// <summary>What the file holds.</summary>
    /// <param name="Identity">Hash of what the choice follows from.</param>
    /// <param name="Probe">The table.</param>
    private sealed record Kept(string Identity, CaptionProbeResult Probe);

    /// <summary>
    /// The layer for an LLM: the one that was chosen before, or the best by a new comparison. Throws <see cref="InputException"/> where no
    /// image has two captions in the training language.
    /// </summary>
    public IReadOnlyList<TeacherLayer> Of(TeacherFiles llm)
    {
        var path = Path.Combine(config.Output, FileName);
        var identity = Fingerprints.Of(
            llm.RawFingerprint, data.TrainName, string.Join(", ", config.Languages), string.Join(", ", config.Kinds), $"{config.Seed}");
        var known = Read(path) is { } kept && kept.Identity == identity ? kept.Probe : null;
        var probe = known ?? Compare(llm);
        var best = probe.Best!;
        if (known is null)
        {
            DurableFolder.Create(config.Output);
            PendingFile.Write(path, JsonSerializer.Serialize(new Kept(identity, probe), Json.File) + "\n");
        }
        var culture = CultureInfo.InvariantCulture;
        log.Info(string.Create(
            culture, $"Layers: {best.Layer}, the best of {probe.Rows.Count} on {probe.Images:N0} training images."));
        log.Detail(string.Create(
            culture, $"Captions in {best.Language}, mean of R@1 and R@10 {100 * best.Criterion:0.0} %; the table is in {path}."));
        return TeacherLayers.Parse(best.Layer, llm.Settings.Attention);
    }

    private CaptionProbeResult Compare(TeacherFiles llm)
    {
        var source = Datasets.OpenTrain(data, SilentLog.Instance);
        var survey = CaptionSurvey.Of(Groups(source));
        var language = config.Languages.Count > 0 ? config.Languages[0] : survey.Languages[0];
        var drawn = CcDataReader.Drawn(Math.Min(1, Images / (double)survey.Images), config.Seed);
        var texts = ProbeTexts.Read(Groups(source).Where(group => drawn(group.Key)));
        IReadOnlyList<ProbePair> pairs = texts.UsablePairs([$"{language}->{language}"], language);
        if (pairs.Count == 0)
        {
            throw new InputException(
                $"teacher.layers is auto, which compares two captions in {language} of one image, and data.train has no such images. Name "
                + "the layers instead, such as teacher.layers: final.");
        }
        var layers = TeacherLayers.Of(llm.Blocks());
        using var files = llm.At(layers);
        using var teacher = files.Load(log);
        using var raw = new RawVectors(teacher.Encoder, "", VectorType.Fp16, log);
        var captions = texts.Captions(pairs).ToList();
        raw.Require(captions, cancellation);
        var (mean, _) = LanguageMeans.Fit(raw.Store, captions.Select(caption => raw.Store.Find(CaptionHash.Of(caption.Text))));
        var rows = new TeacherProbe(texts, pairs, raw).LayerRows(layers, new LanguageMeans(mean, []));
        return new CaptionProbeResult(CaptionProbe.LayerProtocol, files.RawFingerprint, data.TrainName, texts.Images, rows)
        {
            Best = BestLayer.Of(rows, language),
        };
    }

    private IEnumerable<CaptionGroup> Groups(ISampleSource source) =>
        CaptionStream.Of(source, data, config.Languages, config.Kinds, SilentLog.Instance, cancellation);

    /// <summary>The file's content; null where there is none, or one that cannot be read: the choice is made again then.</summary>
    private static Kept? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Kept>(File.ReadAllBytes(path), Json.File) is { Probe.Best: not null } kept ? kept : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
