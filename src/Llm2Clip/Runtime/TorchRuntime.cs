using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Llm2Clip.Runtime;

/// <summary>
/// Makes libtorch ready before the first tensor: loads TorchSharp's native library where the C++ runtime is too old for it, and sets
/// allocator, threads and products. It happens by itself when TorchSharp calls its native library for the first time, and costs nothing
/// before; a program that uses TorchSharp before it uses anything of this library calls <see cref="Watch"/> first.
/// </summary>
public static class TorchRuntime
{
    private const string ThreadsVariable = "LLM2CLIP_THREADS";

    private static readonly Lazy<StartedRuntime> Started = new(Start);
    private static int _watching;

    /// <summary>What was done; null while no tensor was needed.</summary>
    internal static StartedRuntime? State => Started.IsValueCreated ? Started.Value : null;

    /// <summary>
    /// Makes it ready now. Not needed for working with tensors. Throws <see cref="RunException"/> where a library is missing; without
    /// this call the same exception is the inner one of the <see cref="TypeInitializationException"/> that the first use of TorchSharp
    /// ends with.
    /// </summary>
    public static void Load() => Ready();

    internal static StartedRuntime Ready() => Started.Value;

    /// <summary>
    /// Waits for the assemblies whose native libraries need something. Runs when this assembly is first used; more calls do nothing.
    /// </summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The settings must be made before TorchSharp is used, by whomever.")]
    public static void Watch()
    {
        if (Interlocked.Exchange(ref _watching, 1) != 0)
        {
            return;
        }
        AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) => Prepare(loaded.LoadedAssembly);
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            Prepare(assembly);
        }
    }

    private static void Prepare(Assembly assembly)
    {
        switch (assembly.GetName().Name)
        {
            case "LLamaSharp":
                OpenMp.Prepare(assembly);
                break;
            case "TorchSharp":
                OpenMp.Prepare(assembly);
                Join(assembly);
                break;
        }
    }

    /// <summary>
    /// TorchSharp looks its library up twice over: by name when it initializes, which asks the load context where the file itself cannot be
    /// loaded, and at each imported function, which asks the resolver first.
    /// </summary>
    private static void Join(Assembly torchSharp)
    {
        try
        {
            NativeLibrary.SetDllImportResolver(torchSharp, (name, _, _) => name == TorchLibrary.Name ? Ready().Library.Handle : 0);
        }
        catch (InvalidOperationException)
        {
            // The program has a resolver of its own, hence a library of its own; Load still makes the settings.
            return;
        }
        AssemblyLoadContext.GetLoadContext(torchSharp)!.ResolvingUnmanagedDll += (asking, name) =>
            asking == torchSharp && name == TorchLibrary.Name ? HandleOrAny() : 0;
    }

    /// <summary>
    /// The library's handle, or any other where it cannot be loaded. TorchSharp would hide the reason and copy half a gigabyte out of the
    /// NuGet cache to try again; so it believes that the library is there, and the first function that it imports says why it is not.
    /// </summary>
    private static nint HandleOrAny()
    {
        try
        {
            return Ready().Library.Handle;
        }
        catch (RunException)
        {
            return NativeLibrary.GetMainProgramHandle();
        }
    }

    private static unsafe StartedRuntime Start()
    {
        var torchSharp = typeof(TorchSharp.torch).Assembly;
        OpenMp.Prepare(torchSharp);
        var allocator = Allocator.Apply();
        var library = TorchLibrary.Load(torchSharp);
        if (library.Handle == 0)
        {
            return new StartedRuntime(library, allocator, new ProductsDecision(false, "left to TorchSharp"));
        }
        ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(library.Handle, "THSTorch_set_num_threads"))(WantedThreads());
        var products = library.Torch == 0
            ? new ProductsDecision(false, "libtorch_cpu is missing")
            : FastProducts.Apply(library.Handle, library.Torch);
        return new StartedRuntime(library, allocator, products);
    }

    /// <summary>
    /// <c>LLM2CLIP_THREADS</c>, or the processors that this process may use. libtorch alone counts all cores of the machine, also those
    /// that a container's limit does not allow.
    /// </summary>
    private static int WantedThreads() =>
        int.TryParse(Environment.GetEnvironmentVariable(ThreadsVariable), out var threads) && threads > 0
            ? threads
            : Environment.ProcessorCount;
}

/// <summary>What <see cref="TorchRuntime"/> did.</summary>
internal sealed record StartedRuntime(TorchLibrary Library, AllocatorDecision Allocator, ProductsDecision Products);
