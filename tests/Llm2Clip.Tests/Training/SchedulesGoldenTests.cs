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
        var (steps, warmup) = ((long)Number("steps"), (long)Number("warmup"));
        var checkedFamilies = 0;
        foreach (var family in root.GetProperty("values").EnumerateObject())
        {
            var rate = Number(family.Name.Contains(".visual") ? "visual_lr" : family.Name.EndsWith(".text", StringComparison.Ordinal)
                ? "text_lr" : "lr");
            var marker = family.Name.IndexOf("_scale_", StringComparison.Ordinal);
            rate *= marker < 0 ? 1 : double.Parse(family.Name[(marker + "_scale_".Length)..]);
            var warm = family.Name.EndsWith("_no_warmup", StringComparison.Ordinal) ? 0 : warmup;
            var parts = family.Name.Replace("_no_warmup", "").Split('.');
            if (parts is ["open_clip", "const_cooldown" or "const_cooldown_power2_end"])
            {
                continue; // not offered
            }
            ScheduleKind? kind = parts switch
            {
                ["open_clip" or "transformers", "cosine"] or ["llm2clip", "cosine", ..] => ScheduleKind.Cosine,
                ["open_clip", "const"] or ["transformers", "constant"] => ScheduleKind.Constant,
                ["transformers", "linear"] => ScheduleKind.Linear,
                _ => null,
            };
            Assert.True(kind is not null, $"No schedule is known for {family.Name}.");
            var schedule = new RateSchedule(kind.Value, warm) { StartsAtZero = parts[0] == "transformers" };
            foreach (var (expected, step) in family.Value.EnumerateArray().Select((v, i) => (v.GetDouble(), i)))
            {
                var found = rate * schedule.Factor(step, (double)step / steps, (double)warm / steps);
                Assert.True(Math.Abs(found - expected) <= Tolerance, $"{family.Name} at step {step}: {found}, expected {expected}.");
            }
            checkedFamilies++;
        }
        Assert.True(checkedFamilies > 0);
    }
}

public class RateScheduleTests
{
    [Fact]
    public void ABudgetThatIsSpentEndsAtTheFinalFactor()
    {
        Assert.Equal(0.1, new RateSchedule(ScheduleKind.Cosine, 5, 0.1).Factor(100, 1.2, 0.1), 12);
        Assert.Equal(0.1, new RateSchedule(ScheduleKind.Linear, 5, 0.1).Factor(100, 1.2, 0.1), 12);
        Assert.Equal(0.55, new RateSchedule(ScheduleKind.Linear, 5, 0.1).Factor(100, 0.55, 0.1), 12);
        Assert.Equal(1, new RateSchedule(ScheduleKind.Constant, 5).Factor(100, 1.2, 0.1));
    }
}
