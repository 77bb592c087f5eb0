using Llm2Clip.Cli;

namespace Llm2Clip.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private static readonly Screen Nowhere = new(TextWriter.Null);
    private static readonly CliHost Silent = new(Nowhere, Nowhere, CancellationToken.None);

    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    internal static (int Code, string Output, string Error) Run(params string[] arguments) => Run(CancellationToken.None, arguments);

    internal static (int Code, string Output, string Error) Run(CancellationToken cancellation, params string[] arguments)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var code = CommandLine.Run(arguments, new CliHost(new Screen(output), new Screen(error), cancellation));
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>All commands that do something, as the words that call them.</summary>
    public static TheoryData<string> Commands()
    {
        var found = new TheoryData<string>();
        Collect(CommandLine.Root(Silent), "");
        return found;

        void Collect(System.CommandLine.Command command, string path)
        {
            foreach (var below in command.Subcommands)
            {
                Collect(below, $"{path} {below.Name}".Trim());
            }
            if (command.Action is not null && path.Length > 0)
            {
                found.Add(path);
            }
        }
    }

    /// <summary>Those that work from a run file.</summary>
    public static TheoryData<string> RunFileCommands() =>
        [.. Commands().Select(c => c.Data).Where(c => Run([.. c.Split(' '), "--help"]).Output.Contains("--config <FILE>"))];

    [Theory]
    [MemberData(nameof(Commands))]
    public void HelpEndsWithAnExampleOfTheCommand(string command)
    {
        var (code, output, error) = Run([.. command.Split(' '), "--help"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Matches($@"\n  llm2clip {command} ((\[command\]|\[?<.+>(\.\.\.)?\]?) )*\[options\]", output);
        Assert.Matches($@"\nExample:\n  llm2clip {command}[ \n]", output);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void EveryExampleIsUnderstood(string command)
    {
        var example = Run([.. command.Split(' '), "--help"]).Output.Split("\nExample:\n  llm2clip ")[1].Trim();
        var parsed = CommandLine.Root(Silent).Parse(example);
        Assert.Empty(parsed.Errors);
    }

    [Fact]
    public void TheCommandsOfTheDesignAreThereAndHaveTheCommonOptions()
    {
        var runFile = RunFileCommands().Select(c => c.Data).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(["cc-finetune", "clip-train", "compare", "data convert", "data inspect", "data sample", "data split", "embed", "eval captions",
            "eval linear-probe", "eval retrieval", "eval zeroshot", "export gguf", "export hf", "export lora", "export onnx", "extract",
            "index", "longclip stretch", "longclip train", "quickstart", "search", "sweep"], runFile);
        foreach (var command in runFile)
        {
            var help = Run([.. command.Split(' '), "--help"]).Output;
            Assert.All(["--set <PATH.TO.KEY=VALUE>", "--print-config", "--json <FILE>"], option => Assert.Contains(option, help));
        }
    }

    [Theory]
    [MemberData(nameof(RunFileCommands))]
    public void WhatIsPrintedIsARunFile(string command)
    {
        var words = command.Split(' ');
        var file = Path.Combine(_folder, "run.yaml");
        var start = Path.Combine(_folder, "start.yaml");
        File.WriteAllText(start, "extract: {window: 128}\n");
        var (code, printed, error) = Run(
            [.. words, "--config", start, "--set", "data.train=\"a: {b}.tar\"", "--set", "clip_train.epochs=2", "--print-config"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("train: \"a: {b}.tar\"\n", printed);
        Assert.Contains("window: 128\n", printed);
        File.WriteAllText(file, printed);
        Assert.Equal((0, printed, ""), Run([.. words, "--config", file, "--print-config"]));
    }

    [Fact]
    public void HelpListsTheCommands()
    {
        var (code, output, _) = Run("--help");
        Assert.Equal(0, code);
        Assert.All(Commands(), command => Assert.Contains($"\n  {command.Data.Split(' ')[0]} ", output));
        Assert.Contains("./llm2clip test", output);
    }

    [Fact]
    public void UnknownCommandsAndOptionsAreBadUsage()
    {
        Assert.Equal((2, "", "Error: extrct is not known to llm2clip; did you mean extract?\nllm2clip --help lists what there is.\n"),
            Run("extrct"));
        Assert.Equal(
            (2, "", "Error: --confg is not known to llm2clip extract; did you mean --config?\nllm2clip extract --help lists what there is.\n"), Run("extract", "--confg", "x"));
        Assert.Equal(2, Run().Code);
    }

    [Fact]
    public void BadConfigurationsAreNamed()
    {
        var file = Path.Combine(_folder, "run.yaml");
        File.WriteAllText(file, "extract:\n  stor: x\nclip_trian: {}\n");
        Assert.Equal(
            (2, "", $"""
            Error: {file}: 3 problems
              {file}:2: extract.stor is not a known key; did you mean extract.store?
              --set extract.window=x: extract.window is 'x'; it must be a whole number
              {file}:3: clip_trian is not a known key; did you mean clip_train?

            """), Run("extract", "--config", file, "--set", "extract.window=x"));
    }

    [Fact]
    public void MissingInputIsBadInput()
    {
        var (code, output, error) = Run(
            "extract", "--teacher", Path.Combine(_folder, "absent.gguf"), "--data", "x.tar", "--store", Path.Combine(_folder, "store"));
        Assert.Equal((3, ""), (code, output));
        Assert.StartsWith("Error: ", error);
        Assert.Contains(Path.Combine(_folder, "absent.gguf"), error);
        Assert.False(Directory.Exists(Path.Combine(_folder, "store")));
    }

    [Fact]
    public void WithoutATeacherTheKeyIsNamed() =>
        Assert.Equal(
            (2, "", "Error: teacher.tuned is empty: name the teacher folder or GGUF, in the run file or with --set teacher.tuned=...\n"),
            Run("extract", "--data", "x", "--store", "y"));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(130)]
    public void ExceptionsBecomeExitCodes(int code)
    {
        using var interrupted = new CancellationTokenSource();
        interrupted.Cancel();
        Exception exception = code switch
        {
            1 => new RunException("the loss is not finite"),
            2 => new ConfigException("a key is wrong"),
            3 => new InputException("a file is cut"),
            _ => new OperationCanceledException(),
        };
        var error = new StringWriter();
        Assert.Equal(code, Failure.Report(exception, new CliHost(Nowhere, new Screen(error), interrupted.Token)));
        Assert.DoesNotContain(" at ", error.ToString());
    }

    [Fact]
    public void OtherExceptionsBecomeExitCodesToo()
    {
        var error = new StringWriter();
        var host = new CliHost(Nowhere, new Screen(error), CancellationToken.None);
        Assert.Equal(3, Failure.Report(new Llm2Clip.Data.Parquet.ParquetException("x.parquet is cut"), host));
        Assert.Equal(1, Failure.Report(new IOException("No space left on device : 'x'"), host));
        Assert.Equal("Error: x.parquet is cut\nError: No space left on device : 'x'\n", error.ToString());
        Assert.Equal(1, Failure.Report(new InvalidOperationException("broken"), host));
        Assert.Contains("this is a fault of the program", error.ToString());
        // A cancellation that nobody asked for is a fault, not an interrupt.
        Assert.Equal(1, Failure.Report(new OperationCanceledException(), host));
    }

    [Fact]
    public void DoctorNamesTheLibrariesAndWritesJson()
    {
        var file = Path.Combine(_folder, "doctor.json");
        var (_, output, error) = Run("doctor", "--json", file);
        Assert.Equal("", error);
        Assert.Matches(@"^TorchSharp +\d", output);
        Assert.Matches(@"\nJPEG +lib", output);
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(file));
        Assert.Equal("doctor", json.RootElement.GetProperty("command").GetString());
        Assert.Equal(Product.Version, json.RootElement.GetProperty("version").GetString());
        Assert.All(json.RootElement.GetProperty("result").GetProperty("components").EnumerateArray(), part =>
            Assert.Contains(part.GetProperty("name").GetString()!, output));
        Assert.Equal(["doctor.json"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }
}
