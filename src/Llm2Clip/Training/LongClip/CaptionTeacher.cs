using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Text;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Losses;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.LongClip;

/// <summary>
/// An LLM as the teacher of a text tower: a contrastive term between the tower's features of captions and what a text adapter makes of
/// their teacher vectors. The captions may be of languages that no image meets.
/// </summary>
internal sealed class CaptionTeacher : IDisposable
{
    /// <summary>What the names of the adapter's parameters begin with.</summary>
    private const string Prefix = "teacher.";

    private readonly ICaptionVectors _vectors;
    private readonly TextAdapter _adapter;
    private readonly CaptionSampler _sampler;
    private readonly Student? _owner;
    private float[] _buffer = [];

    private CaptionTeacher(LongClipConfig config, ICaptionVectors vectors, TextAdapter adapter, Student? owner)
    {
        (_vectors, _adapter, _owner) = (vectors, adapter, owner);
        _sampler = Sampler(config);
        adapter.Precision = config.Precision;
        foreach (var (_, parameter) in adapter.named_parameters().Where(_ => owner is not null))
        {
            parameter.requires_grad = false;
        }
    }

    /// <summary>Fingerprint of the teacher whose vectors they are.</summary>
    public string Fingerprint => _vectors.Fingerprint;

    /// <summary>What trains of it; empty where the adapter is a student's.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Parameters => _owner is not null
        ? []
        : [.. _adapter.named_parameters().Select(p => (Prefix + p.name, p.parameter))];

    /// <summary>Draws the captions that are pulled.</summary>
    public static CaptionSampler Sampler(LongClipConfig config) => new(
        config.Teacher.Languages.Count > 0
            ? [.. config.Teacher.Languages.Select(language => new CaptionChoice { Language = language })]
            : [new CaptionChoice()],
        config.Seed);

    /// <summary>The teacher of a section, with its adapter.</summary>
    /// <param name="config">The training section.</param>
    /// <param name="vectors">The captions' teacher vectors, which stay the caller's.</param>
    /// <param name="embedDim">Length of the model's features.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="InputException">The student's adapter takes other vectors, or gives others than the model's.</exception>
    public static CaptionTeacher Of(LongClipConfig config, ICaptionVectors vectors, int embedDim, Device device)
    {
        if (config.Teacher.Adapter.Length == 0)
        {
            var fresh = new TextAdapter(
                new TextAdapterConfig { InputDim = vectors.Dimension, EmbedDim = embedDim, Blocks = config.Teacher.Blocks }, device);
            fresh.Initialize((ulong)config.Seed + 2);
            return new CaptionTeacher(config, vectors, fresh, null);
        }
        var student = Student.Load(config.Teacher.Adapter, device);
        try
        {
            RequireFit(config.Teacher.Adapter, student, vectors, embedDim);
            return new CaptionTeacher(config, vectors, student.TextAdapter, student);
        }
        catch
        {
            student.Dispose();
            throw;
        }
    }

    /// <summary>The captions of a batch that are pulled: one of each image that has one of the languages.</summary>
    public IReadOnlyList<Caption> Pick(SampleBatch batch, int epoch) =>
        [.. batch.Samples.SelectMany((sample, i) => _sampler.Pick(sample, 1, batch.Passes?[i] ?? epoch))];

    /// <summary>The term, a scalar: CLIP's loss between features and the teacher's places, where each caption has its own.</summary>
    /// <param name="features">[C, D] of the text tower, not normalized.</param>
    /// <param name="captions">The captions, C.</param>
    /// <param name="logScale">Natural logarithm of the factor on cosines, scalar.</param>
    public Tensor Term(Tensor features, IReadOnlyList<Caption> captions, Tensor logScale)
    {
        using var scope = NewDisposeScope();
        Array.Resize(ref _buffer, captions.Count * _vectors.Dimension);
        _vectors.Gather(captions, _buffer);
        var places = _adapter.call(tensor(_buffer, [captions.Count, _vectors.Dimension], device: features.device));
        int[] own = [.. Enumerable.Range(0, captions.Count)];
        var same = SamePairs.IdenticalCaptions([.. captions.Select(caption => caption.Text)], own, own.Length, features.device);
        return InfoNceLoss.Between(features, places, logScale, excluded: same).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the adapter.</summary>
    public void Dispose()
    {
        _owner?.Dispose();
        if (_owner is null)
        {
            _adapter.Dispose();
        }
    }

    private static void RequireFit(string folder, Student student, ICaptionVectors vectors, int embedDim)
    {
        var shape = student.TextAdapter.Config;
        if (shape.InputDim != vectors.Dimension || shape.EmbedDim != embedDim)
        {
            throw new InputException(
                $"longclip.teacher.adapter, {folder}, makes vectors of {shape.EmbedDim} elements of {shape.InputDim}; the teacher's have "
                + $"{vectors.Dimension}, the CLIP's {embedDim}. Leave it out for a new adapter.");
        }
        if (student.TeacherFingerprint.Length > 0 && student.TeacherFingerprint != vectors.Fingerprint)
        {
            throw new InputException(
                $"longclip.teacher.adapter, {folder}, was trained with another teacher than the store's vectors are of. Leave it out for a "
                + "new adapter, or name that teacher's store (extract.store).");
        }
    }
}
