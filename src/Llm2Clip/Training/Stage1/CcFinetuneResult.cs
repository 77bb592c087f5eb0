using System.Text.Json.Serialization;
using Llm2Clip.Evaluation;
using Llm2Clip.Training.Stage1.Tuning;

namespace Llm2Clip.Training.Stage1;

/// <summary>An evaluation during the training.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Criterion">What the kept epoch was chosen by, 0 to 1; null where nothing was chosen.</param>
/// <param name="Rows">Rows of the caption probe on data.val; empty without data.val.</param>
public sealed record CcEvaluation(int Epoch, double? Criterion, IReadOnlyList<ProbeRow> Rows);

/// <summary>What caption-contrastive training did, as it is written to JSON.</summary>
public sealed record CcFinetuneResult
{
    /// <summary>Teacher folder.</summary>
    public required string Output { get; init; }

    /// <summary>Fingerprint of the tuned teacher.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Images trained on.</summary>
    public required int Images { get; init; }

    /// <summary>Their distinct captions.</summary>
    public required int Captions { get; init; }

    /// <summary>Groups of captions that were an image which was there already.</summary>
    public required int MergedGroups { get; init; }

    /// <summary>Images without a second caption, left out.</summary>
    public required int SingleCaption { get; init; }

    /// <summary>Images held out for choosing the epoch.</summary>
    public required int HeldOut { get; init; }

    /// <summary>Optimizer steps.</summary>
    public required long Steps { get; init; }

    /// <summary>Epochs after which the kept weights stood.</summary>
    public required int KeptEpoch { get; init; }

    /// <summary>How the kept epoch was chosen.</summary>
    public required string Selection { get; init; }

    /// <summary>Training loss, mean over the last epoch.</summary>
    public required double FinalLoss { get; init; }

    /// <summary>Wall clock of the training alone, without the LLM.</summary>
    public required double TrainSeconds { get; init; }

    /// <summary>Wall clock in all.</summary>
    public required double Seconds { get; init; }

    /// <summary>What the training of LoRA did; null where the LLM stayed as it was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LoraResult? Lora { get; init; }

    /// <summary>The caption probe on data.val: raw vectors, centered ones, the kept adapter; null without data.val.</summary>
    public required CaptionProbeResult? Probe { get; init; }

    /// <summary>Evaluations before, during and after the training, in order.</summary>
    public required IReadOnlyList<CcEvaluation> History { get; init; }
}
