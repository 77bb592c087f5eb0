using Llm2Clip.Weights;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// Reads a decoder's shape out of GGUF metadata. Nothing is guessed: an architecture that is not listed, or a key of it that is not
/// understood, is an error, as it may change what the model computes.
/// </summary>
internal sealed class DecoderShapes
{
    private const string DivisorsName = "rope_freqs.weight";
    private const string Remedy = "Use teacher.runtime: llama with this model.";
    private const int MostOfAnything = 1 << 20;

    private readonly GgufFile _file;
    private readonly ISafetensors _weights;
    private readonly DecoderFamily _family;

    private DecoderShapes(GgufFile file, ISafetensors weights)
    {
        (_file, _weights) = (file, weights);
        _family = DecoderFamily.All.FirstOrDefault(family => family.Name == file.Architecture)
            ?? throw new InputException(
                $"{file.Path}: key 'general.architecture' is '{file.Architecture}'; tensors can run "
                + $"{string.Join(", ", DecoderFamily.All.Select(family => family.Name))}. {Remedy}");
    }

    /// <summary>The shape of a model. Throws <see cref="InputException"/>, naming the key, where it is none that can be run.</summary>
    /// <param name="file">Its metadata, which <see cref="GgufModelCheck"/> has passed.</param>
    /// <param name="weights">Its tensors, of which some architectures may have or lack some.</param>
    public static DecoderShape Read(GgufFile file, ISafetensors weights) => new DecoderShapes(file, weights).Read();

    private DecoderShape Read()
    {
        RefuseUnknownKeys();
        var (width, blocks) = (Size("embedding_length"), Size("block_count"));
        var heads = Size("attention.head_count");
        var quotient = width / heads;
        var shape = new DecoderShape(
            _family, width, blocks, heads, Size("attention.head_count_kv", heads), Size("attention.key_length", quotient),
            Size("attention.value_length", quotient), Size("feed_forward_length"), _file.GetStrings("tokenizer.ggml.tokens").Count,
            _file.GetNumber(Key("attention.layer_norm_rms_epsilon")))
        {
            AttentionScale = 1,
            Biases = Biases(),
            Rotary = new RotaryKind(1, 1, null),
            SlidingRotary = new RotaryKind(1, 1, null),
        };
        RequireWholeRotation(shape);
        var window = Window();
        var byWidth = _family.ScalesByWidth || blocks == _family.BlocksOfLargest;
        return shape with
        {
            AttentionScale = Math.Pow(byWidth ? quotient : shape.KeyWidth, -0.5),
            AttentionCap = _family.Cap is { } cap ? Positive("attn_logit_softcapping", cap) : null,
            Rotary = Rotary(shape, "rope.freq_base", 10_000, RotaryScale()),
            SlidingRotary = Rotary(
                shape, "rope.freq_base_swa", _family.SlidingBase ?? Positive("rope.freq_base", 10_000),
                _family.ScalesSlidingRope ? RotaryScale() : 1),
            Window = window,
            Slides = window is null ? [] : Slides(blocks),
        };
    }

    private void RefuseUnknownKeys()
    {
        var prefix = _family.Name + ".";
        foreach (var key in _file.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (!_family.Knows(key[prefix.Length..]) && !IsNoExpert(key[prefix.Length..]))
            {
                throw new InputException(
                    $"{_file.Path}: key '{key}' is not known for architecture '{_family.Name}', and may change what the model computes. "
                    + Remedy);
            }
        }
    }

    /// <summary>Converters state for some plain models that they have no experts.</summary>
    private bool IsNoExpert(string key) => key is "expert_count" or "expert_used_count" && _file.GetInteger(Key(key)) == 0;

    private void RequireWholeRotation(DecoderShape shape)
    {
        var turned = Size("rope.dimension_count", shape.KeyWidth);
        if (turned != shape.KeyWidth || shape.KeyWidth % 2 != 0)
        {
            throw new InputException(
                $"{_file.Path}: {turned} elements of a head turn (key '{Key("rope.dimension_count")}'), and it has {shape.KeyWidth} (key "
                + $"'{Key("attention.key_length")}'): all must turn, in pairs.");
        }
    }

    private RotaryKind Rotary(DecoderShape shape, string key, double standard, double scale) => new(
        Positive(key, standard), scale, _family.Divisors && _weights.Contains(DivisorsName) ? Divisors(shape.KeyWidth / 2) : null);

    private double RotaryScale()
    {
        var type = _file.Has(Key("rope.scaling.type")) ? _file.GetString(Key("rope.scaling.type")) : "linear";
        if (type is not ("none" or "linear"))
        {
            throw new InputException(
                $"{_file.Path}: key '{Key("rope.scaling.type")}' is '{type}'; tensors can run none and linear. {Remedy}");
        }
        var named = Array.Find(["rope.scaling.factor", "rope.scale_linear"], key => _file.Has(Key(key)));
        var factor = named is null ? 1 : _file.GetNumber(Key(named));
        return type == "none" || factor == 0 ? 1
            : double.IsFinite(factor) && factor > 0 ? 1 / factor
            : throw new InputException($"{_file.Path}: key '{Key(named!)}' is {factor}; it must be 0 or more.");
    }

    private float[] Divisors(int pairs)
    {
        var info = _weights.Info(DivisorsName);
        if (info.Count != pairs)
        {
            throw new InputException($"{_file.Path}: tensor '{DivisorsName}' is {info.ShapeText}, expected [{pairs}].");
        }
        using var divisors = _weights.Load(DivisorsName, TorchSharp.torch.ScalarType.Float32);
        return divisors.data<float>().ToArray();
    }

    private int? Window()
    {
        const string Name = "attention.sliding_window";
        if (_family.WindowPattern is null)
        {
            return null;
        }
        var window = _file.Has(Key(Name)) ? _file.GetInteger(Key(Name)) : _family.Window ?? 0;
        return window switch
        {
            < 0 => throw new InputException($"{_file.Path}: key '{Key(Name)}' is {window}; it must be 0 or more."),
            0 => null,
            _ => (int)Math.Min(window, int.MaxValue),
        };
    }

    /// <summary>Which blocks slide: all but every n-th, or as the file lists them.</summary>
    private bool[] Slides(int blocks)
    {
        var key = Key("attention.sliding_window_pattern");
        if (_file.Has(key) && _file.Metadata[key].Value is Array listed)
        {
            return listed.Length == blocks
                ? [.. listed.Cast<object>().Select(flag => Convert.ToInt64(flag, System.Globalization.CultureInfo.InvariantCulture) != 0)]
                : throw new InputException($"{_file.Path}: key '{key}' lists {listed.Length} blocks, and the model has {blocks}.");
        }
        var pattern = _file.Has(key) ? _file.GetInteger(key) : _family.WindowPattern!.Value;
        return pattern >= 0
            ? [.. Enumerable.Range(0, blocks).Select(block => pattern == 0 || block % pattern < pattern - 1)]
            : throw new InputException($"{_file.Path}: key '{key}' is {pattern}; it must be 0 or more.");
    }

    private DecoderBiases Biases()
    {
        bool Has(string name, bool always = false) => always || (_family.OptionalBiases && _weights.Contains($"blk.0.{name}.bias"));
        return new DecoderBiases(
            Has("attn_q", _family.QkvBias), Has("attn_k", _family.QkvBias), Has("attn_v", _family.QkvBias), Has("attn_output"),
            Has("ffn_gate"), Has("ffn_up"), Has("ffn_down"));
    }

    private string Key(string name) => $"{_family.Name}.{name}";

    private int Size(string name, int? standard = null)
    {
        var size = standard is { } number && !_file.Has(Key(name)) ? number : _file.GetInteger(Key(name));
        return size is > 0 and <= MostOfAnything
            ? (int)size
            : throw new InputException($"{_file.Path}: key '{Key(name)}' is {size}; it must be 1 to {MostOfAnything}.");
    }

    private double Positive(string name, double standard)
    {
        var number = _file.Has(Key(name)) ? _file.GetNumber(Key(name)) : standard;
        return double.IsFinite(number) && number > 0
            ? number
            : throw new InputException($"{_file.Path}: key '{Key(name)}' is {number}; it must be above 0.");
    }
}
