using System.Text.RegularExpressions;
using Llm2Clip.Cli;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Evaluation;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Tests.Cli;

/// <summary>Each result as a file gets it and as a terminal shows it, held against what was approved.</summary>
public class PrintedTests
{
    private static readonly Terminal Window = new(() => 80, Color: false, Unicode: true);

    public static TheoryData<string> Results =>
    [
        "doctor", "doctor-problems", "eval-retrieval", "eval-captions", "eval-captions-layers", "eval-zeroshot", "eval-linear-probe",
        "quickstart", "data-inspect", "compare",
    ];

    [Theory]
    [MemberData(nameof(Results))]
    public void AFileGetsPlainText(string result)
    {
        var text = Printed(result, null);
        Assert.DoesNotContain('\u001b', text);
        Assert.DoesNotMatch("[\u2500-\u257F]", text); // box drawing
        Assert.All(text.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
        Expectation.Check(result, text);
    }

    [Theory]
    [MemberData(nameof(Results))]
    public void ATerminalGetsRulesAndProseThatFits(string result)
    {
        var text = Printed(result, Window);
        Assert.DoesNotContain('\u001b', text);
        Expectation.Check(result + ".terminal", text);
    }

    [Theory]
    [InlineData("doctor-problems")]
    [InlineData("eval-retrieval")]
    public void ColorsAddNothingButColors(string result)
    {
        var colored = Printed(result, Window with { Color = true });
        Expectation.Check(result + ".color", colored.Replace("\u001b", "\\e", StringComparison.Ordinal));
        Assert.Equal(Printed(result, Window), Regex.Replace(colored, "\u001b\\[[0-9;]*m", ""));
    }

    [Fact]
    public void AnErrorIsPrintedAsItIs()
    {
        var error = new StringWriter();
        var host = new CliHost(new Screen(TextWriter.Null), new Screen(error), CancellationToken.None);
        Failure.Report(new InputException("photos [2024]/[red].tar: k7.jpg: the image is cut off. Copy it again."), host);
        Failure.Report(new ConfigException("run.yaml: 2 problems\n  run.yaml:2: extract.stor is not a known key\n  run.yaml:3: x"), host);
        Expectation.Check("error", error.ToString());
    }

    private static string Printed(string result, Terminal? terminal)
    {
        var text = new StringWriter();
        var output = new Screen(text, terminal);
        switch (result)
        {
            case "doctor":
                DoctorSummary.Print(PrintedCases.Healthy, output);
                break;
            case "doctor-problems":
                DoctorSummary.Print(PrintedCases.WithProblems, output);
                break;
            case "eval-retrieval":
                RetrievalTable.Print(PrintedCases.Retrieval(intervals: true), output);
                break;
            case "eval-captions":
                CaptionProbeTable.Print(PrintedCases.Probe, output);
                break;
            case "eval-captions-layers":
                CaptionProbeTable.Print(PrintedCases.Layers, output);
                break;
            case "eval-zeroshot":
                ClassTables.Print(PrintedCases.ZeroShot, output);
                break;
            case "eval-linear-probe":
                ClassTables.Print(PrintedCases.LinearProbe, output);
                break;
            case "quickstart":
                QuickStartSummary.Print(PrintedCases.QuickStart, output);
                break;
            case "compare":
                ComparisonTables.Print(PrintedCases.Comparison, output);
                break;
            default:
                InspectionSummary.Print(PrintedCases.Inspection, output);
                break;
        }
        return text.ToString();
    }
}
