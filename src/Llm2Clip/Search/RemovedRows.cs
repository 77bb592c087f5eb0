using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Llm2Clip.Files;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Search;

/// <summary>The file of locators of rows that do not count any more.</summary>
internal static partial class RemovedRows
{
    /// <summary>Locator of a row: the segment's number in the high 32 bits, the place in it in the low ones.</summary>
    public static long Locator(int segment, int row) => ((long)segment << 32) | (uint)row;

    /// <summary>Writes them, whole or not at all; null where there are none.</summary>
    public static RemovedEntry? Write(string folder, int number, IReadOnlyCollection<long> locators)
    {
        if (locators.Count == 0)
        {
            return null;
        }
        var bytes = MemoryMarshal.AsBytes<long>(locators.Order().ToArray()).ToArray();
        var name = $"removed-{number:d6}.bin";
        PendingFile.Write(Path.Combine(folder, name), bytes);
        var hash = new XxHash128();
        hash.Append(bytes);
        return new RemovedEntry(name, locators.Count, StoreFiles.Text(hash));
    }

    /// <summary>Reads them. Throws <see cref="InputException"/> where the file is damaged, <see cref="FileNotFoundException"/> where it is
    /// missing, as it is for a reader whose manifest is an old one.</summary>
    public static HashSet<long> Read(string folder, RemovedEntry? entry)
    {
        if (entry is null)
        {
            return [];
        }
        var path = Path.Combine(folder, entry.File);
        var bytes = File.ReadAllBytes(path);
        var hash = new XxHash128();
        hash.Append(bytes);
        return bytes.Length == entry.Count * (long)sizeof(long) && StoreFiles.Text(hash) == entry.Checksum
            ? [.. MemoryMarshal.Cast<byte, long>(bytes)]
            : throw new InputException(
                $"{path} is damaged: it does not have the checksum of the manifest. `llm2clip index compact {folder}` takes in again "
                + "what it had removed; then run `llm2clip index` again.");
    }

    /// <summary>Whether a name is one of such a file; no other is opened or deleted.</summary>
    public static bool IsName(string name) => Name().IsMatch(name);

    /// <summary>Number in a name; -1 where there is none.</summary>
    public static int NumberOf(string? name) => name is not null && IsName(name) ? int.Parse(name.AsSpan(8, 6)) : -1;

    [GeneratedRegex(@"^removed-\d{6}\.bin$")]
    private static partial Regex Name();
}
