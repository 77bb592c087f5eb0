using Llm2Clip.Cli;
using Llm2Clip.Runtime;
using TorchSharp;

namespace Llm2Clip.Tests.Runtime;

public class TorchRuntimeTests
{
    [Fact]
    public void OneOperationUsesTheProcessorsThatMayBeUsed()
    {
        TorchRuntime.Load();
        var named = Environment.GetEnvironmentVariable("LLM2CLIP_THREADS");
        var wanted = int.TryParse(named, out var threads) ? threads : Environment.ProcessorCount;
        Assert.Equal(wanted, torch.get_num_threads());
    }

    [Fact]
    public void ItIsDoneOnce() => Assert.Same(TorchRuntime.Ready(), TorchRuntime.State);

    /// <summary>A start that failed reaches the command line inside the failure of TorchSharp's own initialization.</summary>
    [Fact]
    public void AMissingLibraryIsReportedAsWhatItIs()
    {
        var error = new StringWriter();
        var host = new CliHost(new Screen(TextWriter.Null), new Screen(error), CancellationToken.None);
        var inner = new TypeInitializationException("TorchSharp.torch", new RunException("libtorch is missing: X."));
        var failure = new TypeInitializationException("Outer", inner);
        Assert.Equal(1, Failure.Report(failure, host));
        Assert.Equal("Error: libtorch is missing: X.\n", error.ToString());
    }
}
