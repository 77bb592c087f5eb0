using System.Globalization;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Training.Losses;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>
/// The LLM in tensors with low-rank changes in its blocks: frozen weights in the products' format, changes in fp32. Blocks behind the one
/// that is read are neither run nor changed.
/// </summary>
internal sealed class TunedLlm : IDisposable
{
    private readonly TeacherSettings _settings;
    private readonly TeacherLayer _layer;
    private readonly DecoderModel _model;
    private readonly Device _device;
    private readonly OutputHead? _head;

    /// <summary>Loads the LLM and adapts it, with changes that are zero.</summary>
    /// <param name="model">The GGUF file and its hash.</param>
    /// <param name="settings">Template, pooling, and where the states are read.</param>
    /// <param name="config">What is changed.</param>
    /// <param name="device">Where to compute, as <c>teacher.device</c> says it.</param>
    /// <param name="seed">Seed of the new weights.</param>
    /// <param name="log">Takes the counts.</param>
    /// <exception cref="ConfigException">Not one place is read, or the blocks that are named are not run.</exception>
    /// <exception cref="InputException">The model cannot be run in tensors.</exception>
    public TunedLlm(TeacherModel model, TeacherSettings settings, LlmLoraConfig config, string device, ulong seed, IRunLog log)
    {
        _layer = ReadPlace(settings);
        _settings = settings with
        {
            Runtime = TeacherRuntime.Tensors,
            Precision = config.Precision,
            MaxLength = Math.Min(settings.MaxLength, config.MaxTokens),
        };
        if (model.Lora is { } there)
        {
            throw new ConfigException(
                $"The LLM has the LoRA {there.Path} already, and cc_finetune.lora trains a new one, which would take its place. Leave "
                + "teacher.lora out, or name a model into which it is merged.");
        }
        Encoder = new LlmTextEncoder(model, _settings, new TeacherConfig { Device = device }, log);
        try
        {
            _model = Encoder.Tensors!.Model;
            _device = Encoder.Tensors.Device;
            _model.Noise = Noise;
            Adapt(config, seed, model.Path, log);
            _head = config.Objective != TuningObjective.MaskedTokens ? null
                : _layer.Block == TeacherLayer.Final ? OutputHead.Load(model.Path, config.Precision, _device)
                : throw new ConfigException(
                    $"teacher.layers is '{_settings.Layers}', and cc_finetune.lora.objective is masked_tokens, which the model tells at "
                    + "its end: set teacher.layers: final.");
        }
        catch
        {
            Encoder.Dispose();
            throw;
        }
    }

    /// <summary>Texts to the vectors that the changed LLM gives now.</summary>
    public LlmTextEncoder Encoder { get; }

    /// <summary>Dropout of the changes.</summary>
    public TrainingNoise Noise { get; } = new();

    /// <summary>Weights of the changes by their names in the model.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Changes { get; private set; } = [];

    /// <summary>Elements of <see cref="Changes"/>.</summary>
    public long Trained { get; private set; }

    /// <summary>Elements of all other parameters.</summary>
    public long Frozen { get; private set; }

    /// <summary>The vocabulary.</summary>
    public LlamaModel Vocabulary => Encoder.Tensors!.Vocabulary;

    /// <summary>The model itself, for what is written.</summary>
    public DecoderModel Model => _model;

    /// <summary>Reads the texts' tokens; the template's instruction is <paramref name="instruction"/>.</summary>
    public CaptionTokenizer Tokenizer(string instruction) => Encoder.TokenizerFor(instruction);

    /// <summary>The vectors of texts, [n, W] in fp32, not normalized. Differentiable.</summary>
    public Tensor Encode(IReadOnlyList<TokenizedText> texts)
    {
        using var scope = NewDisposeScope();
        var states = _model.Run(Batch(texts), _layer.Attention, _settings.FullWindow, [_layer.Block])[0];
        return Pool(states, texts).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Adds the changes' gradients, given that of the vectors of texts, [n, W], in the memory of one block
    /// (<see cref="BlockCheckpoints"/>).
    /// </summary>
    public void Backward(IReadOnlyList<TokenizedText> texts, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        BlockCheckpoints.Backward(
            _model, Batch(texts), _layer.Attention, _settings.FullWindow, _layer.Block, states => Pool(states, texts), gradient);
    }

    /// <summary>
    /// The sum of the cross-entropies of masked tokens (<see cref="MaskedTokenLoss"/>), a scalar. At least one label counts.
    /// Differentiable.
    /// </summary>
    public Tensor MaskedSum(IReadOnlyList<MaskedRow> rows)
    {
        using var scope = NewDisposeScope();
        var batch = Batch([.. rows.Select(row => row.Text)]);
        var states = _model.Run(batch, _layer.Attention, _settings.FullWindow, [_layer.Block])[0];
        var labels = new long[rows.Count * batch.Tokens];
        Array.Fill(labels, MaskedTokenLoss.NoLabel);
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i].Labels.CopyTo(labels.AsSpan(i * batch.Tokens));
        }
        var (places, tokens) = MaskedTokenLoss.Counted(labels, batch.Tokens);
        var before = states.view(-1, states.shape[2]).index_select(0, tensor(places, device: _device));
        return MaskedTokenLoss.Sum(_head!.Logits(before, _model), tokens).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        _head?.Dispose();
        Encoder.Dispose();
    }

    /// <summary>
    /// The one place that is read. Throws <see cref="ConfigException"/> where there are more, or nothing before it could change.
    /// </summary>
    internal static TeacherLayer ReadPlace(TeacherSettings settings) => settings.LayerList() switch
    {
        [{ Block: > 0 } one] => one,
        _ => throw new ConfigException(
            $"teacher.layers is '{settings.Layers}', and cc_finetune.lora trains the LLM at one block, or at its end: name one, such as "
            + "13 causal or final."),
    };

    private void Adapt(LlmLoraConfig config, ulong seed, string path, IRunLog log)
    {
        var run = _model.BlocksUpTo(_layer.Block);
        if (config.Blocks.Where(block => block > run).ToList() is { Count: > 0 } behind)
        {
            throw new ConfigException(
                $"cc_finetune.lora.blocks names {string.Join(", ", behind)}, and of {path}, which has {_model.Shape.Blocks} blocks, the "
                + $"first {run} are run for teacher.layers {_settings.Layers}: name some of 1 to {run}.");
        }
        var blocks = config.Blocks.Count > 0 ? config.Blocks.Distinct().Order().ToList() : [.. Enumerable.Range(1, run)];
        // The inner name tells the block, so that only these are found.
        var names = blocks.SelectMany(block => config.Targets.Select(target => $"layers.{block - 1}.{InBlock(target)}")).ToHashSet();
        var layers = LoraLayers.Adapt(_model, names, config.Shape, Noise, seed);
        if (layers != names.Count)
        {
            throw new InvalidOperationException($"{layers} layers were adapted of {names.Count} that were named.");
        }
        Changes = [.. _model.named_parameters().Where(named => LoraLayers.IsChange(named.name)).Select(p => (p.name, p.parameter))];
        Trained = _model.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel());
        Frozen = _model.parameters().Where(parameter => !parameter.requires_grad).Sum(parameter => parameter.numel());
        RequireComplete(layers);
        log.Info(string.Create(
            CultureInfo.InvariantCulture,
            $"LoRA trains {Trained:N0} parameters of {Trained + Frozen:N0}; {Frozen:N0} are frozen."));
        log.Detail($"LoRA: rank {config.Rank} in {layers} products of {blocks.Count} blocks; products in {config.Precision}.");
    }

    /// <summary>All that is trained is a change, every change is trained, and nothing is left out of both counts.</summary>
    private void RequireComplete(int layers)
    {
        var all = _model.parameters().Sum(parameter => parameter.numel());
        if (Changes.Count != 2 * layers || Changes.Sum(change => change.Parameter.numel()) != Trained || Trained + Frozen != all)
        {
            throw new InvalidOperationException(
                $"{Trained} parameters are trained and {Frozen} frozen of {all}; {Changes.Count} tensors are changes of {layers} layers.");
        }
    }

    private static string InBlock(string product) =>
        (product is "gate_proj" or "up_proj" or "down_proj" ? "mlp." : "self_attn.") + product;

    private TokenBatch Batch(IReadOnlyList<TokenizedText> texts) => TokenBatch.Of([.. texts.Select(text => text.Tokens)], _device);

    private Tensor Pool(Tensor states, IReadOnlyList<TokenizedText> texts) =>
        PooledStates.Of(states, PooledStates.Shares(_settings.Pooling, texts, _device), _layer.IsScaled);
}
