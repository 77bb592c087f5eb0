using System.Reflection;
using System.Runtime.InteropServices;

namespace Llm2Clip.Runtime;

/// <summary>
/// The OpenMP runtime (libgomp), whose threads compute for libtorch and for libllama.
/// </summary>
internal static partial class OpenMp
{
    private static readonly Lock Once = new();
    private static bool _prepared;

    /// <summary>
    /// To be called before libtorch or libllama is loaded. Two things are done, on Linux:
    /// <list type="bullet">
    /// <item>libgomp's threads wait at each barrier by spinning for milliseconds, which beside other busy threads (image decoding, the
    /// LLM, other processes) costs 5x and more; asleep they cost microseconds. libgomp reads that from the C environment when it is
    /// loaded, which <see cref="Environment.SetEnvironmentVariable(string, string)"/> does not reach. What the user set stays.</item>
    /// <item>libtorch's package brings a libgomp, and libllama takes the system's, which not every system has installed. The package's
    /// calls itself by the same name, libgomp.so.1, so that libllama finds it once it is loaded: one set of threads instead of
    /// two.</item>
    /// </list>
    /// </summary>
    public static void Prepare(Assembly assembly)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        lock (Once)
        {
            if (_prepared)
            {
                return;
            }
            _prepared = true;
            setenv("OMP_WAIT_POLICY", "PASSIVE", overwrite: 0);
            if (NativeFolders.Find(NativeFolders.Of(assembly), "libgomp*.so.1") is { } file)
            {
                NativeLibrary.TryLoad(file, out _);
            }
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
