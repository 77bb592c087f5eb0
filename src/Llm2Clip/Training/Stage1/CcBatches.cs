using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>The batches that an adapter trains on: pairs of captions, and their vectors.</summary>
internal sealed class CcBatches(CcImages images, EmbeddingStore raw, LanguageMeans means, Centering centering, int batchSize, long seed)
{
    private readonly CcImages _images = images;
    private readonly EmbeddingStore _raw = raw;
    private readonly LanguageMeans _means = means;
    private readonly Centering _centering = centering;

    /// <summary>The pairs.</summary>
    public CcPairs Pairs { get; } = new(images, batchSize, seed);

    /// <summary>Centered vectors of captions, [n, d].</summary>
    public Tensor Vectors(ReadOnlySpan<int> captions, Device device)
    {
        var values = new float[captions.Length * _raw.Dimension];
        for (var i = 0; i < captions.Length; i++)
        {
            var caption = _images.All[captions[i]];
            var row = values.AsSpan(i * _raw.Dimension, _raw.Dimension);
            _raw.Read(caption.Row, row);
            _means.Center(row, _images.Languages[caption.Language], _centering, CenteringMode.Training);
        }
        return tensor(values, [captions.Length, _raw.Dimension], device: device);
    }
}
