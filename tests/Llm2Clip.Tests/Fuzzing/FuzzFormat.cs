using System.Text.RegularExpressions;
using Llm2Clip.Data;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>
/// One format that the project reads: how valid files of it come to be, and the reader that users' commands run over them.
/// </summary>
/// <param name="Name">As in messages and <c>LLM2CLIP_FUZZ_FORMAT</c>.</param>
/// <param name="Plant">Writes valid files into the folder it is given and names, relative to it, those that may be damaged.</param>
/// <param name="Read">Reads the damaged file, with what belongs to it, to the end. Its exceptions are judged by <see
/// cref="FuzzJudge"/>.</param>
internal sealed record FuzzFormat(string Name, Func<string, string[]> Plant, Action<FuzzCase> Read)
{
    /// <summary>Changes of text are drawn too.</summary>
    public bool IsText { get; init; }

    /// <summary>Cases of a plain test run; <c>LLM2CLIP_FUZZ_CASES</c> replaces it.</summary>
    public int Cases { get; init; } = 400;

    /// <summary>
    /// Managed bytes that reading a case may allocate in all. The files have a few kilobytes; readers take buffers of a megabyte.
    /// </summary>
    public long Allocation { get; init; } = 64L << 20;

    /// <summary>
    /// Puts checksums and lengths right after the damage (first the valid file, then the damaged one), so that what lies behind them is
    /// reached;
    /// done in every second case.
    /// </summary>
    public Func<byte[], byte[], byte[]>? Mend { get; init; }

    /// <summary>What a refusal must say besides the file: an offset, line, record, key or tensor.</summary>
    public Regex? Place { get; init; }
}

/// <summary>A damaged file in its folder.</summary>
/// <param name="Path">The damaged file.</param>
/// <param name="Output">A path that does not exist, for what a reader writes.</param>
internal sealed record FuzzCase(string Path, string Output)
{
    private readonly List<BadSample> _bad = [];

    /// <summary>The folder of the damaged file and of what belongs to it.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Records that a reader reported and went on.</summary>
    public IReadOnlyList<BadSample> Bad => _bad;

    public void OnBad(BadSample bad) => _bad.Add(bad);
}
