using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Teachers;

/// <summary>
/// What a GGUF says of how its vectors are made: embedding models state their pooling (<c>ARCH.pooling_type</c>) and whether attention is
/// causal (<c>ARCH.attention.causal</c>). What neither the run file nor a teacher folder says otherwise is followed.
/// Numbers of the pooling: llama.cpp include/llama.h, enum llama_pooling_type.
/// </summary>
internal sealed class StatedSettings
{
    private readonly string _path;
    private readonly string _poolingKey;
    private readonly string _attentionKey;
    private readonly long? _poolingType;
    private readonly TeacherAttention? _attention;

    /// <summary>Reads a model's keys. Throws <see cref="InputException"/> where one is of another type.</summary>
    public StatedSettings(GgufFile model)
    {
        _path = model.Path;
        (_poolingKey, _attentionKey) = ($"{model.Architecture}.pooling_type", $"{model.Architecture}.attention.causal");
        _poolingType = model.Has(_poolingKey) && model.GetInteger(_poolingKey) is > 0 and var type ? type : null; // 0 is no pooling
        _attention = !model.Has(_attentionKey) ? null
            : model.GetFlag(_attentionKey) ? TeacherAttention.Causal
            : TeacherAttention.Bidirectional;
    }

    private TeacherPooling? Pooling => _poolingType switch
    {
        1 => TeacherPooling.Mean,
        3 => TeacherPooling.Last,
        _ => null,
    };

    private string PoolingName => _poolingType switch
    {
        1 => "mean",
        2 => "cls",
        3 => "last",
        4 => "rank",
        _ => $"{_poolingType}",
    };

    /// <summary>Settings with what the model states in the place of <paramref name="defaults"/>.</summary>
    public TeacherSettings Over(TeacherSettings defaults) =>
        defaults with { Pooling = Pooling ?? defaults.Pooling, Attention = _attention ?? defaults.Attention };

    /// <summary>Tells which pooling and attention count and why, and warns where the model states others.</summary>
    /// <param name="used">The settings in effect.</param>
    /// <param name="poolingSource">What set the pooling, such as <c>teacher.pooling</c>; null = nothing did.</param>
    /// <param name="attentionSource">The same of the attention.</param>
    /// <param name="log">Takes the lines.</param>
    public void Tell(TeacherSettings used, string? poolingSource, string? attentionSource, IRunLog log)
    {
        var (pooling, attention) = (Text(used.Pooling), Text(used.Attention));
        log.Info($"Pooling: {pooling} ({poolingSource ?? Reason(Pooling is not null, _poolingKey)}).");
        log.Info($"Attention: {attention} ({attentionSource ?? Reason(_attention is not null, _attentionKey)}).");
        if (_poolingType is not null && Pooling != used.Pooling)
        {
            Warn(_poolingKey, PoolingName, poolingSource, "pooling", pooling, Pooling is not null);
        }
        if (_attention is { } stated && stated != used.Attention)
        {
            Warn(_attentionKey, Text(stated), attentionSource, "attention", attention, canBeUsed: true);
        }

        void Warn(string key, string stated, string? source, string what, string used, bool canBeUsed)
        {
            var remedy = canBeUsed
                ? $"Set teacher.{what} to {stated}, or to null, to follow the model."
                : $"{stated} is not supported for {what}.";
            log.Warn(
                $"{_path} states {what} {stated} ({key}), but {source ?? "the default"} is {used}, and that is used: vectors are not those "
                + $"that the model was made for. {remedy}");
        }
    }

    private static string Reason(bool isStated, string key) => isStated ? $"stated by the GGUF, {key}" : "default";

    private static string Text<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
