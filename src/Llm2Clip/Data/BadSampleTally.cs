using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Llm2Clip.Data;

/// <summary>
/// Counts the samples of one pass over a data set: bad ones are named in the log (the first few) and, past the configured share, end the
/// run; keys that occur twice, and members of tars that belong to no sample, are counted and reported. Safe to call from several threads.
/// </summary>
internal sealed class BadSampleTally
{
    /// <summary>A pass may start with a run of bad samples; before this many were seen, the share is taken of this many.</summary>
    private const int Grace = 1000;

    private const int Named = 10;

    /// <summary>Remarks have a list of their own, so that they do not keep bad samples from being named.</summary>
    private const int NamedRemarks = 5;

    private const int Examples = 3;

    private readonly string _what;
    private readonly double _maxShare;
    private readonly IRunLog _log;
    private readonly Lock _lock = new();
    private readonly HashSet<ulong> _keys = [];
    private readonly HashSet<string> _reported = new(StringComparer.Ordinal);
    private readonly HashSet<string> _reportedRemarks = new(StringComparer.Ordinal);
    private readonly List<BadSample> _first = [];
    private readonly List<string> _firstStrays = [];
    private readonly SortedDictionary<BadSampleCause, long> _causes = [];
    private string? _firstDuplicate;
    private long _remarks;
    private long _strays;

    /// <summary><paramref name="what"/> names the data set in messages.</summary>
    public BadSampleTally(string what, double maxShare, IRunLog log)
    {
        _what = what;
        _maxShare = maxShare;
        _log = log;
    }

    /// <summary>Samples seen in this pass, good and bad.</summary>
    public long Seen { get; private set; }

    /// <summary>Samples left out in this pass.</summary>
    public long Bad { get; private set; }

    /// <summary>Samples whose key an earlier sample of this pass had.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Counts a sample by its key.</summary>
    public void Add(Sample sample)
    {
        var hash = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(sample.Key.AsSpan()));
        lock (_lock)
        {
            Seen++;
            if (!_keys.Add(hash))
            {
                Duplicates++;
                _firstDuplicate ??= sample.Origin;
            }
        }
    }

    /// <summary>Counts a good sample without remembering its key: a pass of any length takes the same memory.</summary>
    public void AddGood()
    {
        lock (_lock)
        {
            Seen++;
        }
    }

    /// <summary>Takes over the counts of an interrupted pass that is resumed.</summary>
    public void Continue(long seen, long bad)
    {
        lock (_lock)
        {
            (Seen, Bad) = (seen, bad);
        }
    }

    /// <summary>Counts a bad record that was never <see cref="Add"/>ed. Throws <see cref="InputException"/> past the share.</summary>
    public void AddBad(BadSample bad)
    {
        lock (_lock)
        {
            if (!bad.Kept)
            {
                Seen++;
            }
            Report(bad);
        }
    }

    /// <summary>Counts a sample as bad that was <see cref="Add"/>ed before, such as one whose image turned out unreadable.</summary>
    public void TurnedBad(BadSample bad)
    {
        lock (_lock)
        {
            Report(bad);
        }
    }

    /// <summary>
    /// Ends a pass: logs the totals, throws <see cref="InputException"/> where the share is passed, and starts the next one.
    /// </summary>
    public void Finish()
    {
        lock (_lock)
        {
            if (Bad > _maxShare * Seen)
            {
                throw TooMany();
            }
            if (Bad > 0)
            {
                _log.Warn($"{_what}: {Bad:N0} of {Seen:N0} records left out ({Percent(Bad, Seen)}): {Causes()}; max_bad_share allows "
                    + $"{_maxShare:P2}.");
            }
            if (Duplicates > 0)
            {
                _log.Warn($"{_what}: {Duplicates:N0} samples have a key that another sample has, the first at {_firstDuplicate}. All are "
                    + "used.");
            }
            if (_remarks > 0)
            {
                _log.Info($"{_what}: {_remarks:N0} remarks on records that were used all the same.");
            }
            if (_strays > 0)
            {
                _log.Warn($"{_what}: {_strays:N0} members belong to no sample and were not read, such as "
                    + $"{string.Join(", ", _firstStrays)}.");
            }
            Restart();
        }
    }

    /// <summary>Starts a new pass without judging the last one; what was named in the log is not named again.</summary>
    public void Restart()
    {
        lock (_lock)
        {
            (Seen, Bad, Duplicates, _remarks, _strays, _firstDuplicate) = (0, 0, 0, 0, 0, null);
            _firstStrays.Clear();
            _keys.Clear();
            _first.Clear();
            _causes.Clear();
        }
    }

    private void Report(BadSample bad)
    {
        if (bad.Cause == BadSampleCause.NoSample)
        {
            _strays++;
            if (_firstStrays.Count < Examples)
            {
                _firstStrays.Add(bad.Origin);
            }
            return;
        }
        var (named, most) = bad.Kept ? (_reportedRemarks, NamedRemarks) : (_reported, Named);
        if (named.Count < most && named.Add(bad.Origin + bad.Reason))
        {
            var more = named.Count == most ? " Further ones are counted, not named." : "";
            _log.Warn($"{bad.Origin}: {bad.Reason}{(bad.Kept ? "" : "; left out")}.{more}");
        }
        if (bad.Kept)
        {
            _remarks++;
            return;
        }
        Bad++;
        _causes[bad.Cause] = _causes.GetValueOrDefault(bad.Cause) + 1;
        if (_first.Count < Examples)
        {
            _first.Add(bad);
        }
        if (Bad > _maxShare * Math.Max(Seen, Grace))
        {
            throw TooMany();
        }
    }

    private InputException TooMany()
    {
        var examples = string.Join("; ", _first.Select(bad => $"{bad.Origin}: {bad.Reason}"));
        return new InputException(
            $"{_what}: {Bad:N0} of {Seen:N0} records are bad ({Percent(Bad, Seen)}), and max_bad_share allows {_maxShare:P2}. "
            + $"{Causes()}. First: {examples}. Repair or remove them, or raise data.max_bad_share.");
    }

    private string Causes() =>
        string.Join(", ", _causes.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Value:N0} {Name(pair.Key)}"));

    /// <summary>The cause behind a number of records, as in "3 without caption".</summary>
    internal static string Name(BadSampleCause cause) => cause switch
    {
        BadSampleCause.NoCaption => "without caption",
        BadSampleCause.NoImage => "without image",
        BadSampleCause.EmptyImage => "with an empty image",
        BadSampleCause.NotAnImage => "with something that is no image",
        BadSampleCause.TooLarge => "with too many pixels",
        BadSampleCause.DamagedImage => "with a damaged image",
        _ => "with a damaged record",
    };

    private static string Percent(long part, long whole) =>
        (part / (double)Math.Max(1, whole)).ToString("P2", System.Globalization.CultureInfo.InvariantCulture);
}
