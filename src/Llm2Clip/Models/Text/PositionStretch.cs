using System.Globalization;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Text;

/// <summary>
/// Knowledge-preserving stretching of learned positions (Long-CLIP, https://arxiv.org/abs/2403.15378, section 3.1;
/// beichenzbc/Long-CLIP 3966af9 model/longclip.py#L232): the first rows are kept, as they are trained best; of the others each becomes
/// several, by linear interpolation. Row p from the kept ones on reads the old table at keep + (p - keep) / ratio, behind its last row by
/// the last difference. Computed in fp64 and rounded once; the original rounds to fp16 before.
/// </summary>
internal sealed record PositionStretch
{
    private PositionStretch(int positions, int keep, double ratio, int length) =>
        (Positions, Keep, Ratio, Length) = (positions, keep, ratio, length);

    /// <summary>Rows of the old table, L.</summary>
    public int Positions { get; }

    /// <summary>Rows that stay as they are.</summary>
    public int Keep { get; }

    /// <summary>New rows per old one behind those.</summary>
    public double Ratio { get; }

    /// <summary>Rows of the new table.</summary>
    public int Length { get; }

    /// <summary>The last new row that lies within the old table; those behind it are extrapolated.</summary>
    public int LastWithin => Math.Min(Length - 1, Floor(Keep + Ratio * (Positions - 1 - Keep)));

    /// <summary>A stretching, checked.</summary>
    /// <param name="positions">Rows of the old table.</param>
    /// <param name="keep">Rows that stay.</param>
    /// <param name="ratio">New rows per old one.</param>
    /// <param name="length">Rows of the new table; null for all that keep and ratio reach.</param>
    /// <exception cref="InputException">There are no two rows to stretch between.</exception>
    /// <exception cref="ConfigException">The numbers make no sense, or do not reach the length.</exception>
    public static PositionStretch Of(int positions, int keep, double ratio, int? length)
    {
        if (positions < 2)
        {
            throw new InputException($"The text tower has {positions} positions, and there is nothing to stretch between fewer than 2.");
        }
        if (!(ratio >= 1 && double.IsFinite(ratio)))
        {
            throw new ConfigException(Invariant($"ratio is {ratio}; it must be 1 or more, as below it positions would be lost."));
        }
        if (keep < 0 || keep >= positions)
        {
            throw new ConfigException(
                $"keep is {keep}; it must be 0 to {positions - 1}, as the tower has {positions} positions and one at least is stretched.");
        }
        var full = Floor(keep + ratio * (positions - keep));
        if (length > full)
        {
            throw new ConfigException(Invariant(
                $"length is {length}, but {positions} positions with keep {keep} and ratio {ratio} reach {full}. ")
                + $"{Remedies(positions, keep, ratio, length.Value)}or length to {full} at most.");
        }
        return length is null or > 1
            ? new PositionStretch(positions, keep, ratio, length ?? full)
            : throw new ConfigException($"length is {length}; a text has a start and an end, so 2 is the least.");
    }

    /// <summary>The new table [<see cref="Length"/>, W] of an old one [L, W], fp32.</summary>
    public Tensor Apply(Tensor table)
    {
        if (table.shape is not [var rows, var width] || rows != Positions)
        {
            throw new ArgumentException($"A table of [{string.Join(", ", table.shape)}] has not {Positions} rows.", nameof(table));
        }
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var old = table.detach().cpu().to_type(ScalarType.Float32).contiguous().data<float>().ToArray();
        var stretched = new float[Length * width];
        for (var p = 0; p < Length; p++)
        {
            var place = p < Keep ? p : Keep + (p - Keep) / Ratio;
            var row = Math.Min((int)place, Positions - 2); // beyond the last row its difference to the one before goes on
            for (var i = 0L; i < width; i++)
            {
                double left = old[row * width + i], right = old[(row + 1) * width + i];
                stretched[p * width + i] = (float)(left + (place - row) * (right - left));
            }
        }
        return tensor(stretched, [Length, width], device: table.device).MoveToOuterDisposeScope();
    }

    /// <summary>What becomes of which position, a line each.</summary>
    public IReadOnlyList<string> Describe()
    {
        var kept = Math.Min(Keep, Length);
        List<string> lines = kept == 0 ? [] : [$"{Span(0, kept - 1)}: kept as they are"];
        if (LastWithin >= Keep)
        {
            lines.Add(
                Invariant($"{Span(Keep, LastWithin)}: interpolated between the old positions from {Keep} to {Positions - 1}; ")
                + Invariant($"old position i is now {Keep} + {Ratio} (i - {Keep})"));
        }
        if (Length - 1 > LastWithin && Length > Keep)
        {
            lines.Add($"{Span(LastWithin + 1, Length - 1)}: behind the last old position, extrapolated by the last difference");
        }
        return lines;
    }

    private static string Remedies(int positions, int keep, double ratio, int length)
    {
        // Rounded up, so that what is said reaches.
        var needed = Math.Ceiling(100 * (length - keep) / (double)(positions - keep)) / 100;
        var most = ratio > 1 ? Floor((ratio * positions - length) / (ratio - 1)) : -1;
        return Invariant($"Set ratio to {needed} or more, ") + (most >= 0 ? $"keep to {most} or less, " : "");
    }

    /// <summary>Next to a whole number from below is the number: 1.1 * 10 is less than 11 in some orders of summing.</summary>
    private static int Floor(double value) => (int)Math.Min(Math.Floor(value + 1e-9), int.MaxValue);

    private static string Span(int first, int last) => first == last ? $"position {first}" : $"positions {first} to {last}";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
