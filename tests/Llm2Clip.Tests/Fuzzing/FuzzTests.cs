using System.Globalization;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>
/// Damaged files of every format. <c>LLM2CLIP_FUZZ_CASES</c> sets the cases a format, <c>LLM2CLIP_FUZZ_SEED</c> the seed, and
/// <c>LLM2CLIP_FUZZ_FORMAT</c> takes one format alone (docs/robustness.md).
/// </summary>
public sealed class FuzzTests
{
    private const ulong UsualSeed = 1;

    public static TheoryData<string> Formats => [.. FuzzFormats.All.Select(format => format.Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public void DamagedFilesAreReadOrRefused(string name)
    {
        var format = FuzzFormats.ByName(name);
        Assert.SkipUnless(Setting("LLM2CLIP_FUZZ_FORMAT") is null || Setting("LLM2CLIP_FUZZ_FORMAT") == name,
            "LLM2CLIP_FUZZ_FORMAT names another format.");
        var seed = Setting("LLM2CLIP_FUZZ_SEED") is { } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : UsualSeed;
        var cases = Setting("LLM2CLIP_FUZZ_CASES") is { } wanted ? long.Parse(wanted, CultureInfo.InvariantCulture) : format.Cases;
        var run = new FuzzRun(format, seed);

        run.Cases(0, cases, TestContext.Current.CancellationToken);

        TestContext.Current.SendDiagnosticMessage(
            $"{name}: {run.Counts.Read:N0} cases read, {run.Counts.Refused:N0} refused, {run.Findings.Count} failed");
        Assert.True(run.Findings.Count == 0, run.Report());
        Assert.Equal(cases, run.Counts.Read + run.Counts.Refused);
    }

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
