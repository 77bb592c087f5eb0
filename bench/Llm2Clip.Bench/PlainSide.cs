using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;

namespace Llm2Clip.Bench;

/// <summary>
/// TorchSharp written the usual way (<see cref="PlainStudent"/>, <see cref="PlainLlm"/>), in a process of its own: the settings that this
/// library makes when TorchSharp starts (allocator, waiting threads, products: Llm2Clip.Runtime) belong to the whole process. This library
/// makes them from the initializer of its assembly, so the process must never load that assembly, and fails where it has. It is given the
/// files of libtorch and of TorchSharp's native library that this process computes with, as the latter may be the copy that loads on an
/// older C++ runtime; nothing else is handed over. Threads, sizes and steps are the same.
/// <para>
/// The temporary scalars of TorchSharp's operators may be freed while they are in use whenever garbage is collected. So garbage is
/// collected before each turn and not in it, which if anything is in the plain side's favor.
/// </para>
/// <para>
/// By default OpenMP's threads wait spinning, which takes five times as long where anything else uses the processors. That is not what the
/// comparison is about, so a second process has them sleep, as this library does, and the faster of the two counts.
/// </para>
/// </summary>
internal static class PlainSide
{
    /// <summary>The argument by which the process is told what it is.</summary>
    public const string Argument = "plain-student";

    /// <summary>More than the objects of a turn take.</summary>
    private const long QuietBytes = 200_000_000;

    private static readonly string[] Libraries = ["libtorch.so", "libtorch_cpu.so", "libLibTorchSharp"];

    private const string WaitPolicy = "OMP_WAIT_POLICY";

    /// <summary>What the C library and OpenMP read at start; a plain program sets none of it.</summary>
    private static readonly string[] Settings =
        ["GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", WaitPolicy];

    /// <summary>Starts the process, whose threads sleep or spin while they wait; call it with any line for a turn.</summary>
    /// <exception cref="InvalidOperationException">It failed, or its model has another number of weights.</exception>
    public static OtherSide Start(PlainSizes sizes, bool bf16, string place, int steps, long weights, bool asleep) =>
        Start(new Setup(sizes, null, bf16, place, steps, torch.get_num_threads(), LoadedFiles()), weights, asleep);

    /// <summary>The same with an LLM and LoRA, on the CPU in bf16, a step per turn.</summary>
    public static OtherSide Start(PlainLlmSizes sizes, long weights, bool asleep) =>
        Start(new Setup(null, sizes, Bf16: true, "cpu", Steps: 1, torch.get_num_threads(), LoadedFiles()), weights, asleep);

    private static OtherSide Start(Setup setup, long weights, bool asleep)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Argument, JsonSerializer.Serialize(setup)]);
        Array.ForEach(Settings, name => start.Environment.Remove(name));
        if (asleep)
        {
            start.Environment[WaitPolicy] = "PASSIVE";
        }
        var side = new OtherSide("Plain TorchSharp", start);
        if (side.Greeting != weights.ToString(CultureInfo.InvariantCulture))
        {
            using (side)
            {
                throw new InvalidOperationException($"The plain model has {side.Greeting} weights, and the other {weights}.");
            }
        }
        return side;
    }

    /// <summary>What the process runs.</summary>
    public static int Run(string argument)
    {
        var setup = JsonSerializer.Deserialize<Setup>(argument)!;
        Array.ForEach(setup.Libraries, file => NativeLibrary.Load(file));
        torch.set_num_threads(setup.Threads);
        torch.manual_seed(0);
        IPlainTraining student = setup.Llm is { } llm
            ? new PlainLlm(llm, setup.Bf16)
            : new PlainStudent(setup.Sizes!, setup.Bf16, torch.device(setup.Place));
        Console.WriteLine(student.Weights.ToString(CultureInfo.InvariantCulture));
        while (Console.ReadLine() is not null)
        {
            Console.WriteLine(Turn(student, setup).ToString("R", CultureInfo.InvariantCulture));
            RequirePlain();
        }
        return 0;
    }

    private static double Turn(IPlainTraining student, Setup setup)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var isQuiet = GC.TryStartNoGCRegion(QuietBytes);
        var loss = 0f;
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < setup.Steps; i++)
        {
            loss = student.Step();
        }
        if (setup.Place != "cpu")
        {
            torch.cuda.synchronize();
        }
        var seconds = clock.Elapsed.TotalSeconds;
        if (isQuiet && GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
        {
            GC.EndNoGCRegion();
        }
        return float.IsFinite(loss) ? seconds : throw new InvalidOperationException($"The loss is {loss}.");
    }

    private static void RequirePlain()
    {
        if (AppDomain.CurrentDomain.GetAssemblies().Any(assembly => assembly.GetName().Name == "Llm2Clip"))
        {
            throw new InvalidOperationException("The process has loaded Llm2Clip, hence its settings: it is not plain.");
        }
    }

    /// <summary>
    /// The files of <see cref="Libraries"/> that this process has loaded; none on systems other than Linux, where TorchSharp finds them.
    /// </summary>
    private static string[] LoadedFiles() => !OperatingSystem.IsLinux() ? [] :
    [
        .. from library in Libraries
           let path = File.ReadLines("/proc/self/maps").Where(line => line.Contains('/', StringComparison.Ordinal))
               .Select(line => line[line.IndexOf('/', StringComparison.Ordinal)..])
               .FirstOrDefault(file => Path.GetFileName(file).StartsWith(library, StringComparison.Ordinal))
           where path is not null
           select path,
    ];

    private sealed record Setup(
        PlainSizes? Sizes, PlainLlmSizes? Llm, bool Bf16, string Place, int Steps, int Threads, string[] Libraries);
}
