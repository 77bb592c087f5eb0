using LLama.Native;
using Llm2Clip.Layers;
using Llm2Clip.Teachers.Llm;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>The LLM in tensors, on the CPU or a GPU.</summary>
internal sealed class TensorRuntime : ILlmRuntime
{
    /// <summary>Tokens in a batch where nothing is said, padding included.</summary>
    internal const int StandardBatch = 512;

    private readonly TeacherSettings _settings;
    private readonly IReadOnlyList<TeacherLayer> _layers;
    private readonly IReadOnlyList<(TeacherAttention Attention, int[] Places)> _runs;
    private readonly int _batchTokens;
    private readonly Device _device;
    private readonly DecoderModel _model;

    /// <summary>
    /// Loads the model. Throws as <see cref="DecoderWeights.Load"/>, and <see cref="ConfigException"/> where a block is named that it does
    /// not have.
    /// </summary>
    /// <param name="path">The model.</param>
    /// <param name="settings">What determines the vectors.</param>
    /// <param name="config">What does not.</param>
    /// <param name="log">Where decisions go.</param>
    /// <param name="lora">A LoRA that is added to the weights; null = none.</param>
    public TensorRuntime(string path, TeacherSettings settings, TeacherConfig config, IRunLog log, string? lora = null)
    {
        (_settings, _layers) = (settings, settings.LayerList());
        _runs = TeacherLayers.Runs(_layers, settings.Attention);
        _batchTokens = config.BatchTokens ?? StandardBatch;
        var device = ComputeDevice.Resolve(config.Device);
        _device = device.Device;
        _model = DecoderWeights.Load(path, settings.Precision, _device, lora);
        try
        {
            TeacherLayers.RequireBlocks(_layers.Select(layer => layer.Block), _model.Shape.Blocks, path);
            Vocabulary = LlamaModel.LoadVocabulary(path);
        }
        catch
        {
            _model.Dispose();
            throw;
        }
        log.Detail($"teacher: {_model.Shape.Family.Name} in tensors, {settings.Precision}, {_device} ({device.Reason})");
    }

    /// <summary>The model.</summary>
    public DecoderModel Model => _model;

    /// <summary>Where it is computed.</summary>
    public Device Device => _device;

    /// <inheritdoc/>
    public LlamaModel Vocabulary { get; }

    /// <inheritdoc/>
    public int Width => _model.Shape.Width;

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<LLamaToken[]> sequences) =>
        LengthSorted.Batches(sequences, (longest, _, count) => (long)longest * count <= _batchTokens);

    /// <inheritdoc/>
    public float[] Encode(IReadOnlyList<TokenizedText> rows, IReadOnlyList<int> members)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var texts = members.Select(member => rows[member]).ToList();
        var batch = TokenBatch.Of(texts.ConvertAll(text => text.Tokens), _device);
        var shares = PooledStates.Shares(_settings.Pooling, texts, _device);
        var parts = new Tensor[_layers.Count];
        foreach (var (attention, places) in _runs)
        {
            var states = _model.Run(batch, attention, _settings.FullWindow, [.. places.Select(place => _layers[place].Block)]);
            for (var i = 0; i < places.Length; i++)
            {
                parts[places[i]] = PooledStates.Of(states[i], shares, _layers[places[i]].IsScaled);
            }
        }
        var vectors = cat(parts, 1).cpu();
        return vectors.data<float>().ToArray();
    }

    public void Dispose()
    {
        Vocabulary.Dispose();
        _model.Dispose();
    }
}
