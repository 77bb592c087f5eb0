using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Llm2Clip.Files;

/// <summary>
/// What a name that is written to stands for. A file is replaced as a whole. A symbolic link is followed: the link stays, and what it
/// points to gets the content. What exists and is no regular file (a pipe, a device, the end of a shell's <c>&gt;(...)</c>) cannot be
/// replaced and is written into. <c>-</c> is standard output.
/// </summary>
internal sealed partial class OutputTarget
{
    /// <summary>The name of standard output.</summary>
    public const string StandardOutput = "-";

    private const int CurrentFolder = -100; // AT_FDCWD
    private const uint TypeOnly = 1;        // STATX_TYPE
    private const int ModeOffset = 28;      // of stx_mode in struct statx, on every architecture
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;
    private const int Folder = 0x4000;

    private readonly Func<Stream>? _open;

    private OutputTarget(string file, Func<Stream>? open) => (File, _open) = (file, open);

    /// <summary>The file that is replaced, behind all links; of what is written into, its name.</summary>
    public string File { get; }

    /// <summary>Whether it is written into, not replaced.</summary>
    public bool IsStream => _open is not null;

    /// <summary>Finds out what a name stands for. Throws <see cref="WriteException"/> for links that lead in a circle.</summary>
    public static OutputTarget Of(string path)
    {
        if (StreamOf(path) is { } open)
        {
            return new OutputTarget(path, open);
        }
        try
        {
            var file = new FileInfo(path);
            return new OutputTarget(file.LinkTarget is null ? path : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName, null);
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw WriteException.Of(path, error);
        }
    }

    /// <summary>Opens what is written into. A named pipe waits here for who reads it.</summary>
    public Stream Open() => _open!();

    private static Func<Stream>? StreamOf(string path) => path switch
    {
        // By their own handles: opened by name, a file that the shell redirected to would be written from its beginning.
        StandardOutput or "/dev/stdout" or "/dev/fd/1" or "/proc/self/fd/1" => Console.OpenStandardOutput,
        "/dev/stderr" or "/dev/fd/2" or "/proc/self/fd/2" => Console.OpenStandardError,
        _ when IsSpecial(path) => () => new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0),
        _ => null,
    };

    /// <summary>Whether a name, links followed, exists and is neither a regular file nor a folder.</summary>
    private static bool IsSpecial(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return path.StartsWith("/dev/", StringComparison.Ordinal);
        }
        var facts = new byte[256];
        return statx(CurrentFolder, path, 0, TypeOnly, ref facts[0]) == 0
            && (BinaryPrimitives.ReadUInt16LittleEndian(facts.AsSpan(ModeOffset)) & TypeMask) is not (RegularFile or Folder);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, ref byte facts);
}
