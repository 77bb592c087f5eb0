using FsCheck;
using FsCheck.Fluent;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>
/// Makes the cases of a format and runs them one by one in a folder. A case follows from format, seed and number alone, so that any can be
/// repeated without those before it.
/// </summary>
internal sealed class FuzzBench
{
    private readonly FuzzFormat _format;
    private readonly ulong _seed;
    private readonly string _output;
    private readonly List<(string Path, byte[] Valid)> _files;
    private readonly Gen<Mutation[]> _mutations;

    public FuzzBench(FuzzFormat format, ulong seed, string root)
    {
        (_format, _seed) = (format, seed);
        _output = Path.Combine(root, "out");
        var planted = Directory.CreateDirectory(Path.Combine(root, "in")).FullName;
        _files = [.. format.Plant(planted).Select(name => Path.Combine(planted, name)).Select(path => (path, File.ReadAllBytes(path)))];
        _mutations = Mutation.Several(format.IsText);
    }

    /// <summary>Checks that the undamaged files are read; a seed that is refused would test nothing.</summary>
    public string? CheckValid()
    {
        foreach (var (path, valid) in _files)
        {
            var problem = Run(path, valid, valid, out var refusal);
            if (problem is not null || refusal is not null)
            {
                return $"the valid file {path} is refused: {problem ?? refusal}";
            }
        }
        return null;
    }

    /// <summary>Runs a case; a problem comes back with the changes that are needed for it.</summary>
    public FuzzOutcome Case(long number, Action<string>? beforeReading = null)
    {
        // The gamma of a SplitMix generator must be odd.
        var random = new Rnd(_seed * 0x9E3779B97F4A7C15 + (ulong)number, ((ulong)number << 1) | 1);
        var drawn = (from file in Gen.Choose(0, _files.Count - 1)
                     from splice in Gen.Choose(0, _files.Count - 1)
                     from mend in Gen.Choose(0, 1)
                     from changes in _mutations
                     select (file, splice, mend, changes)).Sample(1, random, 1).Single();
        var (path, valid) = _files[drawn.file];
        var others = _files.Where(each => Path.GetExtension(each.Path) == Path.GetExtension(path)).ToList();
        var other = others[drawn.splice % others.Count].Valid;
        byte[] Damage(IEnumerable<Mutation> changes)
        {
            var bytes = changes.Aggregate(valid, (bytes, change) => change.Apply(bytes, other));
            return drawn.mend == 1 && _format.Mend is { } mend ? mend(valid, bytes) : bytes;
        }
        beforeReading?.Invoke($"{path}, {string.Join(", ", drawn.changes)}");
        if (Run(path, valid, Damage(drawn.changes), out var refusal) is not { } problem)
        {
            return new FuzzOutcome(null, refusal, []);
        }
        var needed = drawn.changes.ToList();
        for (var i = needed.Count - 1; i >= 0 && needed.Count > 1; i--)
        {
            var fewer = needed.Where((_, index) => index != i).ToList();
            if (Run(path, valid, Damage(fewer), out _) is { } same && Kind(same) == Kind(problem))
            {
                (needed, problem) = (fewer, same);
            }
        }
        return new FuzzOutcome($"{Path.GetFileName(path)}, {string.Join(", ", needed)}: {problem}", refusal, Damage(needed));
    }

    private static string Kind(string problem) => problem.Split(':', ' ')[0];

    private string? Run(string path, byte[] valid, byte[] bytes, out string? refusal)
    {
        File.WriteAllBytes(path, bytes);
        try
        {
            return FuzzJudge.Judge(_format, new FuzzCase(path, _output), out refusal);
        }
        finally
        {
            File.WriteAllBytes(path, valid);
            if (Directory.Exists(_output))
            {
                Directory.Delete(_output, recursive: true);
            }
        }
    }
}

/// <summary>
/// How a case went: what was wrong, the message with which the file was refused, and, of a failed case, the damaged bytes.
/// </summary>
internal sealed record FuzzOutcome(string? Problem, string? Refusal, byte[] Damaged);
