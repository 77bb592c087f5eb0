using System.Buffers.Binary;
using System.Numerics;
using Parquet.Meta;
using Type = Parquet.Meta.Type;

namespace Llm2Clip.Data.Parquet.Pages;

/// <summary>How many values a page has bytes for.</summary>
/// <param name="Levels">Values that the page states, nulls and empty lists counted.</param>
/// <param name="Stored">Values that are stored; a column that wants more would be given what an earlier page left in memory.</param>
/// <param name="IsExact">The column must want exactly these.</param>
internal readonly record struct PageContent(int Levels, int Stored, bool IsExact = false)
{
    /// <summary>Throws unless the page holds the values that are no nulls.</summary>
    public void Check(int present)
    {
        if (IsExact ? present != Stored : present > Stored)
        {
            throw new InvalidDataException($"it has a page of {present:N0} values that holds {Stored:N0}");
        }
    }
}

/// <summary>
/// Counts what an unpacked page holds before Parquet.Net decodes it, which stops without a word where a page is short, and takes memory
/// for what some encodings claim. All throw <see cref="InvalidDataException"/> for a page that is damaged.
/// </summary>
internal static class PageCheck
{
    private const int MostBlock = 1 << 16;

    /// <summary>Values of a dictionary page, which must have bytes for all of them.</summary>
    public static void Dictionary(ReadOnlySpan<byte> page, PageHead head, SchemaElement column)
    {
        if (head.Encoding is not (Encoding.PLAIN or Encoding.PLAIN_DICTIONARY) || Plain(page, column) < head.Values)
        {
            throw new InvalidDataException($"it has a dictionary that does not hold its {head.Values:N0} entries");
        }
    }

    /// <summary>The values of a data page, after its levels.</summary>
    public static PageContent Data(ReadOnlySpan<byte> values, PageHead head, SchemaElement column) => head.Encoding switch
    {
        Encoding.PLAIN => new(head.Values, Plain(values, column)),
        Encoding.PLAIN_DICTIONARY or Encoding.RLE_DICTIONARY => new(head.Values, Indexes(values)),
        Encoding.DELTA_BINARY_PACKED when column.Type is Type.INT32 or Type.INT64 => new(head.Values, Deltas(values), IsExact: true),
        Encoding.DELTA_LENGTH_BYTE_ARRAY when column.Type == Type.BYTE_ARRAY => new(head.Values, Deltas(values), IsExact: true),
        Encoding.BYTE_STREAM_SPLIT when column.Type is Type.FLOAT or Type.DOUBLE or Type.INT32 or Type.INT64 =>
            new(head.Values, Plain(values, column), IsExact: true),
        // Its texts share their begins: 200 KB can unfold to gigabytes, which nothing in the page tells before.
        Encoding.DELTA_BYTE_ARRAY => throw new InvalidDataException("its values are in the encoding DELTA_BYTE_ARRAY, which is not read"),
        _ => throw new InvalidDataException($"its values are in the encoding {head.Encoding}, which is not read for {column.Type}"),
    };

    /// <summary>Throws unless runs of levels up to <paramref name="maximum"/> give <paramref name="count"/> of them or more.</summary>
    public static void Levels(ReadOnlySpan<byte> runs, int maximum, int count)
    {
        if (Runs(runs, BitOperations.Log2((uint)maximum) + 1, count) < count)
        {
            throw new InvalidDataException($"it has a page that does not say which of its {count:N0} values are null");
        }
    }

    private static int Plain(ReadOnlySpan<byte> values, SchemaElement column)
    {
        switch (column.Type)
        {
            case Type.INT32 or Type.FLOAT:
                return values.Length / 4;
            case Type.INT64 or Type.DOUBLE:
                return values.Length / 8;
            case Type.FIXED_LEN_BYTE_ARRAY when column.TypeLength > 0:
                return values.Length / column.TypeLength.Value;
            case Type.BYTE_ARRAY:
                var count = 0;
                for (; values.Length >= 4; count++)
                {
                    var length = BinaryPrimitives.ReadInt32LittleEndian(values);
                    if (length < 0 || length > values.Length - 4)
                    {
                        throw new InvalidDataException($"value {count} of a page claims {length:N0} bytes");
                    }
                    values = values[(4 + length)..];
                }
                return count;
            default:
                throw new InvalidDataException($"values of the type {column.Type} are not read");
        }
    }

    private static int Indexes(ReadOnlySpan<byte> values) =>
        values.Length < 2 || values[0] == 0 ? int.MaxValue // all of them the first entry
        : values[0] <= 32 ? Runs(values[1..], values[0], int.MaxValue)
        : throw new InvalidDataException($"indexes of a dictionary are {values[0]} bits wide");

    /// <summary>
    /// How many values runs give, at most <paramref name="most"/>: each repeats one value, or is eight times some values side by side.
    /// </summary>
    private static int Runs(ReadOnlySpan<byte> runs, int width, int most)
    {
        var total = 0L;
        while (runs.Length > 0 && total < most)
        {
            var head = Varint(ref runs);
            var isRepeated = (head & 1) == 0;
            if (head > int.MaxValue / 4)
            {
                throw new InvalidDataException($"it has a page with a run of {head >> 1:N0} values");
            }
            var count = isRepeated ? (long)(head >> 1) : (long)(head >> 1) * 8;
            var bytes = isRepeated ? (width + 7) / 8 : count / 8 * width;
            if (isRepeated && runs.Length < bytes)
            {
                throw new InvalidDataException("it has a page that ends within a run");
            }
            // Writers may leave out the end of the last eight values.
            total += bytes <= runs.Length ? count : (long)runs.Length * 8 / width;
            runs = runs[(int)Math.Min(bytes, runs.Length)..];
        }
        return (int)Math.Min(total, int.MaxValue);
    }

    /// <summary>How many whole numbers are stored as differences. Blocks of miniblocks, each with its own width in bits.</summary>
    private static int Deltas(ReadOnlySpan<byte> values)
    {
        if (values.Length == 0)
        {
            return 0;
        }
        var (block, miniblocks, total) = (Varint(ref values), Varint(ref values), Varint(ref values));
        Varint(ref values); // the first value
        if (block is 0 or > MostBlock || miniblocks == 0 || block % (miniblocks * 8) != 0 || total > int.MaxValue)
        {
            throw new InvalidDataException("it has a page of differences with an impossible header");
        }
        var each = (int)(block / miniblocks);
        for (var left = (long)total - 1; left > 0;)
        {
            Varint(ref values); // the least difference
            var widths = values[..Math.Min((int)miniblocks, values.Length)];
            values = values[widths.Length..];
            for (var i = 0; i < (int)miniblocks && left > 0; i++, left -= each)
            {
                var bytes = i < widths.Length && widths[i] <= 64 ? widths[i] * each / 8 : int.MaxValue;
                values = bytes <= values.Length
                    ? values[bytes..]
                    : throw new InvalidDataException("it has a page of differences that is cut short");
            }
        }
        return (int)total;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        for (var i = 0; i < Math.Min(10, bytes.Length); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }
        throw new InvalidDataException("it has a page that ends within a number");
    }
}
