namespace Llm2Clip.Runtime;

/// <summary>A library in use. <paramref name="Problem"/> says what is wrong with it, <paramref name="Remedy"/> what mends it.</summary>
/// <param name="Name">As its makers call it.</param>
/// <param name="Version">Its version; null where it does not say.</param>
/// <param name="Path">The file that was loaded; null where that is not known.</param>
public sealed record RuntimeComponent(string Name, string? Version, string? Path, string? Problem = null, string? Remedy = null);

/// <summary>What tensors and the LLM compute on, and how that was set up.</summary>
/// <param name="Patch">Whether TorchSharp's native library is a patched copy.</param>
/// <param name="Allocator">What was set of the C library's allocator.</param>
/// <param name="Products">Which library computes fp32 products.</param>
/// <param name="Processor">The processor.</param>
/// <param name="Threads">Threads that one tensor operation uses.</param>
/// <param name="Gpus">GPUs that tensors can live on.</param>
public sealed record TensorFacts(
    PatchDecision Patch, AllocatorDecision Allocator, ProductsDecision Products, Processor Processor, int Threads, int Gpus);

/// <summary>What the program runs on, for <c>doctor</c>.</summary>
/// <param name="Components">The libraries.</param>
/// <param name="Tensors">What tensors compute on; null where libtorch cannot be loaded.</param>
/// <param name="LlmDevices">Devices that the LLM can run on, as llama.cpp names them; empty where it cannot be loaded.</param>
internal sealed record RuntimeFacts(IReadOnlyList<RuntimeComponent> Components, TensorFacts? Tensors, IReadOnlyList<string> LlmDevices)
{
    /// <summary>Whether nothing is missing.</summary>
    public bool IsHealthy => Components.All(component => component.Problem is null);

    /// <summary>Loads the native libraries and examines them. What cannot be loaded is a finding, never an exception.</summary>
    public static RuntimeFacts Examine()
    {
        var components = new List<RuntimeComponent>();
        var tensors = TorchComponents.Examine(components);
        var devices = LlamaComponents.Examine(components);
        RuntimeComponent?[] managed = [ManagedComponent.Of("Parquet.Net", "Parquet"), ManagedComponent.Of("NetVips", "NetVips")];
        components.AddRange(managed.OfType<RuntimeComponent>());
        return new RuntimeFacts(components, tensors, devices);
    }
}
