namespace Llm2Clip.Training.Optimizer;

/// <summary>
/// Learning rates over a run. Two families of warm-up exist in the field and both are here: in open_clip and LLM2CLIP step 0
/// already moves, <c>lr * (step + 1) / warmup</c>; in transformers it has rate 0, <c>lr * step / warmup</c>.
/// Sources: open_clip 89fb801 open_clip_train/scheduler.py, LLM2CLIP cba3b45 training/scheduler.py, transformers 5.23 optimization.py.
/// </summary>
internal static class Schedules
{
    /// <summary>Rate of open_clip's warm-up at <paramref name="step"/> &lt; <paramref name="warmup"/>.</summary>
    public static double WarmUp(double rate, long step, long warmup) => rate * (step + 1) / warmup;

    /// <summary>open_clip's and LLM2CLIP's cosine: it runs over steps - warmup and never quite reaches 0.</summary>
    public static double Cosine(double rate, long step, long warmup, long steps) =>
        step < warmup ? WarmUp(rate, step, warmup) : rate * CosineFactor((double)(step - warmup) / (steps - warmup));

    /// <summary>open_clip's constant rate after the warm-up.</summary>
    public static double Constant(double rate, long step, long warmup) => step < warmup ? WarmUp(rate, step, warmup) : rate;

    /// <summary>
    /// open_clip's constant rate that falls over the last <paramref name="cooldown"/> steps to <paramref name="end"/>, as a power of what
    /// is left.
    /// </summary>
    public static double ConstantCooldown(double rate, long step, long warmup, long steps, long cooldown, double power = 1, double end = 0)
    {
        var start = steps - cooldown;
        if (step < warmup)
        {
            return WarmUp(rate, step, warmup);
        }
        return step < start ? rate : Math.Pow(1 - (double)(step - start) / (steps - start), power) * (rate - end) + end;
    }

    /// <summary>transformers' linear decay to 0.</summary>
    public static double TransformersLinear(double rate, long step, long warmup, long steps) =>
        step < warmup ? rate * step / warmup : rate * Math.Max(0, (double)(steps - step) / (steps - warmup));

    /// <summary>transformers' half cosine.</summary>
    public static double TransformersCosine(double rate, long step, long warmup, long steps) =>
        step < warmup ? rate * step / warmup : rate * CosineFactor((double)(step - warmup) / (steps - warmup));

    /// <summary>transformers' constant rate after a warm-up from 0.</summary>
    public static double TransformersConstant(double rate, long step, long warmup) => step < warmup ? rate * step / warmup : rate;

    /// <summary>Half a cosine from 1 at progress 0 to 0 at progress 1 and after.</summary>
    public static double CosineFactor(double progress) => 0.5 * (1 + Math.Cos(Math.PI * Math.Clamp(progress, 0, 1)));
}

/// <summary>Shape of the learning rate after the warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>Along half a cosine to the final rate.</summary>
    Cosine,

    /// <summary>The same after the warm-up.</summary>
    Constant,
}

/// <summary>
/// The rate as a factor of the peak, for budgets in steps, epochs or minutes alike: the cosine follows the share of the budget
/// that is spent, measured from the end of the warm-up.
/// </summary>
/// <param name="Kind">Cosine or constant.</param>
/// <param name="WarmupSteps">Steps of linear warm-up; step 0 already moves.</param>
/// <param name="FinalFactor">Where the cosine ends, as a factor of the peak.</param>
internal sealed record RateSchedule(ScheduleKind Kind, long WarmupSteps, double FinalFactor = 0)
{
    /// <summary>
    /// The factor at <paramref name="step"/> (from 0). <paramref name="progress"/> is the spent share of the budget, 0 to 1, and
    /// <paramref name="progressAtWarmup"/> its value when the warm-up ended.
    /// </summary>
    public double Factor(long step, double progress, double progressAtWarmup)
    {
        if (step < WarmupSteps)
        {
            return Schedules.WarmUp(1, step, WarmupSteps);
        }
        if (Kind == ScheduleKind.Constant)
        {
            return 1;
        }
        var left = Math.Max(1 - progressAtWarmup, 1e-12);
        return FinalFactor + (1 - FinalFactor) * Schedules.CosineFactor((progress - progressAtWarmup) / left);
    }
}
