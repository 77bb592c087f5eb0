using System.Diagnostics;

namespace Llm2Clip.Tests.PowerCuts;

/// <summary>
/// A file system in memory (tmpfs) of a certain size, to be filled and made read-only. Skips the test where this process may not mount one.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    public SmallDisk(int kilobytes)
    {
        Path = Directory.CreateTempSubdirectory("llm2clip-disk").FullName;
        if (Mount("-t", "tmpfs", "-o", $"size={kilobytes}k", "llm2clip-test", Path) is var code and not 0)
        {
            Directory.Delete(Path);
            Assert.Skip($"A file system of its own is needed, and mount ended with {code}: only root may.");
        }
    }

    public string Path { get; }

    /// <summary>Another size, and writable.</summary>
    public void Resize(int kilobytes) => Assert.Equal(0, Mount("-o", $"remount,rw,size={kilobytes}k", Path));

    public void MakeReadOnly() => Assert.Equal(0, Mount("-o", "remount,ro", Path));

    public void Dispose()
    {
        Run("umount", "-l", Path);
        Directory.Delete(Path);
    }

    private static int Mount(params string[] arguments) => Run("mount", arguments);

    private static int Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
