using LLama.Native;
using Llm2Clip.Teachers.Decoder;

namespace Llm2Clip.Teachers.Llm;

/// <summary>
/// The runs of an LLM that give the states of <see cref="TeacherSettings.Layers"/>: one for each attention, over the same batches. The
/// token embeddings are read in the first.
/// </summary>
internal sealed class LlamaPasses : ILlmRuntime
{
    private readonly TeacherSettings _settings;
    private readonly string? _lora;
    private readonly Dictionary<bool, LlamaModel> _models = []; // by whether the sliding window is opened
    private readonly List<Pass> _passes = [];
    private readonly IReadOnlyList<TeacherLayer> _layers; // in the order of the parts of a vector
    private readonly IReadOnlyList<(TeacherAttention Attention, int[] Places)> _runs;

    /// <summary>Loads the model. Throws as <see cref="LlamaModel.Load(string, bool)"/> and <see cref="LoraFiles"/>.</summary>
    /// <param name="path">The model.</param>
    /// <param name="settings">What determines the vectors.</param>
    /// <param name="lora">A LoRA, a GGUF file or a folder of PEFT; null = none.</param>
    public LlamaPasses(string path, TeacherSettings settings, string? lora = null)
    {
        (_settings, _layers, _lora) = (settings, settings.LayerList(), lora);
        _runs = TeacherLayers.Runs(_layers, settings.Attention);
        var opens = OpensWindow(_runs[0].Attention);
        Vocabulary = Load(path, opens);
    }

    /// <summary>The model of the first pass.</summary>
    public LlamaModel Vocabulary { get; }

    /// <inheritdoc/>
    public int Width => Vocabulary.Width;

    /// <summary>Sets up a context for each attention. Throws as <see cref="SequenceDecoder"/>'s constructor.</summary>
    public void Prepare(TeacherConfig config, int maxLength, IRunLog log)
    {
        foreach (var (attention, places) in _runs)
        {
            var options = new DecoderOptions(attention, maxLength)
            {
                BatchTokens = config.BatchTokens ?? DecoderOptions.StandardBatch,
                Threads = config.Threads,
                FlashAttention = _settings.FlashAttention,
                KvType = _settings.KvType,
                SkipHead = config.SkipHead,
                Blocks = [.. places.Select(place => _layers[place].Block)],
            };
            _passes.Add(new Pass(new SequenceDecoder(ModelFor(attention), options, log), places));
        }
    }

    /// <inheritdoc cref="SequenceDecoder.Batches"/>
    public IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<LLamaToken[]> sequences) => _passes[0].Decoder.Batches(sequences);

    /// <inheritdoc/>
    public float[] Encode(IReadOnlyList<TokenizedText> rows, IReadOnlyList<int> members)
    {
        var vectors = new float[members.Count * _layers.Count * Width];
        var texts = members.Select(member => rows[member]).ToList();
        var sequences = texts.ConvertAll(text => text.Tokens);
        foreach (var (decoder, places) in _passes)
        {
            decoder.Run(sequences, [.. Enumerable.Range(0, texts.Count)], (text, position, block, state) =>
            {
                var place = places[block];
                var factor = _layers[place].IsScaled ? StatePooling.Unit(state) : 1;
                var vector = vectors.AsSpan(((text * _layers.Count) + place) * Width, Width);
                StatePooling.Add(_settings.Pooling, texts[text], position, state, factor, vector);
            });
        }
        return vectors;
    }

    public void Dispose()
    {
        foreach (var pass in _passes)
        {
            pass.Decoder.Dispose();
        }
        foreach (var model in _models.Values)
        {
            model.Dispose();
        }
    }

    private bool OpensWindow(TeacherAttention attention) => attention == TeacherAttention.Bidirectional && _settings.FullWindow;

    /// <summary>The window is opened when the weights are loaded, so that a model with a window is loaded for each attention.</summary>
    private LlamaModel ModelFor(TeacherAttention attention)
    {
        var opens = OpensWindow(attention);
        if (!Vocabulary.HasWindow)
        {
            return Vocabulary;
        }
        if (!_models.TryGetValue(opens, out var model))
        {
            model = Load(Vocabulary.Header.Path, opens);
        }
        return model;
    }

    private LlamaModel Load(string path, bool opens)
    {
        var model = LlamaModel.Load(path, opens);
        _models.Add(opens, model);
        try
        {
            if (_lora is not null)
            {
                LoraFiles.Check(_lora, model.Header);
                LoraFiles.WithGguf(_lora, model.Header, model.LoadLora);
            }
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <param name="Decoder">The context.</param>
    /// <param name="Places">Of each block that it reads, the place of its layer in the vectors.</param>
    private sealed record Pass(SequenceDecoder Decoder, int[] Places);
}
