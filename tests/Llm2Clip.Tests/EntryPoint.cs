using Llm2Clip.Runtime;
using Llm2Clip.Tests.Fuzzing;
using Llm2Clip.Tests.Layers;

namespace Llm2Clip.Tests;

/// <summary>
/// Runs the tests, as the entry point that xunit would generate does, or, called with <c>fuzz</c> or <c>scalars</c>, cases of the fuzzer
/// or the stress of scalars.
/// </summary>
internal static class EntryPoint
{
    public static async Task<int> Main(string[] args)
    {
        // Tests use TorchSharp before they use the library.
        TorchRuntime.Watch();
        if (args is [FuzzChild.Verb, .. var rest])
        {
            return FuzzChild.Start(rest);
        }
        if (args is [ScalarStress.Verb, .. var stress])
        {
            return ScalarStress.Start(stress);
        }
        return args.Any(arg => arg is "--server" or "--internal-msbuild-node")
            ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args,
                SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
    }
}
