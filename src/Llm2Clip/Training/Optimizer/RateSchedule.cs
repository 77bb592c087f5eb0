namespace Llm2Clip.Training.Optimizer;

/// <summary>Shape of the learning rate after the warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>Half a cosine, as open_clip and LLM2CLIP have it.</summary>
    Cosine,

    /// <summary>A straight line, as transformers have it.</summary>
    Linear,

    /// <summary>The peak until the end.</summary>
    Constant,
}

/// <summary>
/// The rate as a factor of the peak, for budgets in steps, epochs or minutes alike: it falls with the share of the budget that is spent,
/// measured from the end of the warm-up. In steps the cosine is open_clip's and LLM2CLIP's, the line that of transformers. The warm-up is
/// open_clip's, whose step 0 already moves, or that of transformers.
/// Sources: open_clip 89fb801 open_clip_train/scheduler.py, LLM2CLIP cba3b45 training/scheduler.py, transformers 5.23 optimization.py.
/// </summary>
/// <param name="Kind">How the rate falls.</param>
/// <param name="WarmupSteps">Steps of linear warm-up.</param>
/// <param name="FinalFactor">Where cosine and line end, as a factor of the peak.</param>
internal sealed record RateSchedule(ScheduleKind Kind, long WarmupSteps, double FinalFactor = 0)
{
    /// <summary>Whether the warm-up is that of transformers: step 0 has rate 0, and step n the n-th part of the peak.</summary>
    public bool StartsAtZero { get; init; }

    /// <summary>
    /// The factor at <paramref name="step"/> (from 0). <paramref name="progress"/> is the spent share of the budget, 0 to 1, and
    /// <paramref name="progressAtWarmup"/> its value when the warm-up ended.
    /// </summary>
    public double Factor(long step, double progress, double progressAtWarmup)
    {
        if (step < WarmupSteps)
        {
            return (step + (StartsAtZero ? 0.0 : 1.0)) / WarmupSteps;
        }
        if (Kind == ScheduleKind.Constant)
        {
            return 1;
        }
        var left = Math.Max(1 - progressAtWarmup, 1e-12);
        var share = Math.Clamp((progress - progressAtWarmup) / left, 0, 1);
        var factor = Kind == ScheduleKind.Linear ? 1 - share : 0.5 * (1 + Math.Cos(Math.PI * share));
        return FinalFactor + (1 - FinalFactor) * factor;
    }
}
