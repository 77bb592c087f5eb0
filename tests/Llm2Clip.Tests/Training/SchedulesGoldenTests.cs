using System.Text.Json;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Tests.Training;

[Trait("Category", "Golden")]
public class SchedulesGoldenTests
{
    /// <summary>Tolerance of golden/losses/README.md for fp64.</summary>
    private const double Tolerance = 1e-12;

    [Fact]
    public void RatesAgree()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden("losses", "schedules.json")));
        var root = file.RootElement;
        double Number(string name) => root.GetProperty(name).GetDouble();
        var (steps, warmup, cooldown) = ((long)Number("steps"), (long)Number("warmup"), (long)Number("cooldown_steps"));
        var checkedFamilies = 0;
        foreach (var family in root.GetProperty("values").EnumerateObject())
        {
            var rate = Number(family.Name.Contains(".visual") ? "visual_lr" : family.Name.EndsWith(".text", StringComparison.Ordinal) ? "text_lr" : "lr");
            var marker = family.Name.IndexOf("_scale_", StringComparison.Ordinal);
            rate *= marker < 0 ? 1 : double.Parse(family.Name[(marker + "_scale_".Length)..]);
            var warm = family.Name.EndsWith("_no_warmup", StringComparison.Ordinal) ? 0 : warmup;
            Func<long, double>? schedule = family.Name.Replace("_no_warmup", "").Split('.') switch
            {
                ["open_clip", "cosine"] or ["llm2clip", "cosine", ..] => s => Schedules.Cosine(rate, s, warm, steps),
                ["open_clip", "const"] => s => Schedules.Constant(rate, s, warm),
                ["open_clip", "const_cooldown"] => s => Schedules.ConstantCooldown(rate, s, warm, steps, cooldown),
                ["open_clip", "const_cooldown_power2_end"] => s => Schedules.ConstantCooldown(rate, s, warm, steps, cooldown, 2, rate / 10),
                ["transformers", "linear"] => s => Schedules.TransformersLinear(rate, s, warm, steps),
                ["transformers", "cosine"] => s => Schedules.TransformersCosine(rate, s, warm, steps),
                ["transformers", "constant"] => s => Schedules.TransformersConstant(rate, s, warm),
                _ => null,
            };
            Assert.True(schedule is not null, $"No schedule is known for {family.Name}.");
            foreach (var (expected, step) in family.Value.EnumerateArray().Select((v, i) => (v.GetDouble(), i)))
            {
                Assert.True(Math.Abs(schedule(step) - expected) <= Tolerance, $"{family.Name} at step {step}: {schedule(step)}, expected {expected}.");
            }
            checkedFamilies++;
        }
        Assert.True(checkedFamilies > 0);
    }
}

public class RateScheduleTests
{
    [Fact]
    public void CosineOfABudgetInStepsIsOpenClipsCosine()
    {
        var schedule = new RateSchedule(ScheduleKind.Cosine, 5);
        for (var step = 0; step < 40; step++)
        {
            Assert.Equal(Schedules.Cosine(1, step, 5, 40), schedule.Factor(step, step / 40.0, 5 / 40.0), 12);
        }
    }

    [Fact]
    public void ABudgetThatIsSpentEndsAtTheFinalFactor()
    {
        Assert.Equal(0.1, new RateSchedule(ScheduleKind.Cosine, 5, 0.1).Factor(100, 1.2, 0.1), 12);
        Assert.Equal(1, new RateSchedule(ScheduleKind.Constant, 5).Factor(100, 1.2, 0.1));
    }
}
