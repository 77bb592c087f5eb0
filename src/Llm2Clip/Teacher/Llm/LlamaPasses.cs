using LLama.Native;

namespace Llm2Clip.Teachers.Llm;

/// <summary>
/// The runs of an LLM that give the states of <see cref="TeacherSettings.Layers"/>: one for each attention, over the same batches. The
/// token embeddings are read in the first.
/// </summary>
internal sealed class LlamaPasses : IDisposable
{
    private readonly TeacherSettings _settings;
    private readonly Dictionary<bool, LlamaModel> _models = []; // by whether the sliding window is opened
    private readonly List<Pass> _passes = [];

    /// <summary>Loads the model. Throws as <see cref="LlamaModel.Load(string, bool)"/>.</summary>
    public LlamaPasses(string path, TeacherSettings settings)
    {
        (_settings, Layers) = (settings, settings.LayerList());
        Model = LlamaModel.Load(path, OpensWindow(Attention(0)));
        _models.Add(OpensWindow(Attention(0)), Model);
    }

    /// <summary>What is read, in the order of the parts of a vector.</summary>
    public IReadOnlyList<TeacherLayer> Layers { get; }

    /// <summary>The model of the first pass; any will do for its vocabulary.</summary>
    public LlamaModel Model { get; }

    /// <summary>Whether no pass computes the output head.</summary>
    public bool HeadSkipped => _passes.TrueForAll(pass => pass.Decoder.HeadSkipped);

    /// <summary>Sets up a context for each attention. Throws as <see cref="SequenceDecoder"/>'s constructor.</summary>
    public void Prepare(TeacherConfig config, int maxLength, IRunLog log)
    {
        foreach (var pass in Enumerable.Range(0, Layers.Count).GroupBy(Attention))
        {
            var places = pass.ToArray();
            var options = new DecoderOptions(pass.Key, maxLength)
            {
                BatchTokens = config.BatchTokens,
                Threads = config.Threads,
                FlashAttention = _settings.FlashAttention,
                KvType = _settings.KvType,
                SkipHead = config.SkipHead,
                Blocks = [.. places.Select(place => Layers[place].Block)],
            };
            _passes.Add(new Pass(new SequenceDecoder(ModelFor(pass.Key), options, log), places));
        }
    }

    /// <inheritdoc cref="SequenceDecoder.Batches"/>
    public IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<LLamaToken[]> sequences) => _passes[0].Decoder.Batches(sequences);

    /// <summary>Gives the states of a batch, each with the place of its layer in <see cref="Layers"/>.</summary>
    public void Run(IReadOnlyList<LLamaToken[]> sequences, IReadOnlyList<int> members, StateReceiver receive)
    {
        foreach (var (decoder, places) in _passes)
        {
            decoder.Run(
                sequences, members, (sequence, position, block, state) => receive(sequence, position, places[block], state));
        }
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

    /// <summary>What the tokens see in the pass of a layer: of the embeddings, in the one that there is anyway.</summary>
    private TeacherAttention Attention(int place) => Layers[place].Block > 0 ? Layers[place].Attention
        : Layers.FirstOrDefault(layer => layer.Block > 0, new TeacherLayer(0, _settings.Attention)).Attention;

    private bool OpensWindow(TeacherAttention attention) => attention == TeacherAttention.Bidirectional && _settings.FullWindow;

    /// <summary>The window is opened when the weights are loaded, so that a model with a window is loaded for each attention.</summary>
    private LlamaModel ModelFor(TeacherAttention attention)
    {
        var opens = OpensWindow(attention);
        if (!Model.HasWindow)
        {
            return Model;
        }
        if (!_models.TryGetValue(opens, out var model))
        {
            model = LlamaModel.Load(Model.Header.Path, opens);
            _models.Add(opens, model);
        }
        return model;
    }

    /// <param name="Decoder">The context.</param>
    /// <param name="Places">Of each block that it reads, the place of its layer in <see cref="Layers"/>.</param>
    private sealed record Pass(SequenceDecoder Decoder, int[] Places);
}
