using TorchSharp;

namespace Llm2Clip.Runtime;

/// <summary>TorchSharp, libtorch, and what they are loaded with.</summary>
internal static class TorchComponents
{
    private const string Remedy = "build or publish the program anew with the package TorchSharp-cpu";

    /// <summary>Adds the libraries; null where libtorch cannot be loaded, which is a problem among them.</summary>
    public static TensorFacts? Examine(List<RuntimeComponent> components)
    {
        var version = ManagedComponent.Version("TorchSharp", typeof(torch).Assembly);
        try
        {
            var state = TorchRuntime.Ready();
            var facts = Describe(state);
            components.Add(new RuntimeComponent("TorchSharp", version, state.Library.File ?? LoadedFiles.Find("libLibTorchSharp")));
            var libtorch = Version.Parse(torch.__version__).ToString(3);
            components.Add(new RuntimeComponent("libtorch", libtorch, LoadedFiles.Find("libtorch_cpu.so")));
            if (OperatingSystem.IsLinux())
            {
                var runtime = CxxRuntime.Find();
                components.Add(new RuntimeComponent("C++ runtime", runtime.Newest, runtime.File));
                components.Add(new RuntimeComponent("OpenMP", null, LoadedFiles.Find("libgomp")));
            }
            return facts;
        }
        catch (Exception error)
            when (error is RunException or TypeInitializationException or DllNotFoundException or EntryPointNotFoundException)
        {
            var reason = (error.InnerException ?? error).Message;
            components.Add(new RuntimeComponent("TorchSharp", version, null, reason, Remedy));
            return null;
        }
    }

    private static TensorFacts Describe(StartedRuntime state) => new(
        state.Library.Patch,
        state.Allocator,
        state.Products,
        Processor.Examine(state.Library.Torch),
        torch.get_num_threads(),
        torch.cuda.is_available() ? torch.cuda.device_count() : 0);
}
