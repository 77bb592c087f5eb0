using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>One way to damage a file. Those from <see cref="Nest"/> on make sense of text alone and are drawn for text formats.</summary>
internal enum MutationKind
{
    FlipBit,
    SetByte,
    Overwrite,
    Truncate,
    Insert,
    Delete,
    Duplicate,
    Swap,
    Splice,
    Zero,
    Digit,
    Nest,
    Number,
    Token,
    RepeatKey,
    Nul,
    Surrogate,
    BadUtf8,
    RepeatLine,
    DropLine,
}

/// <summary>
/// A change at a place. <paramref name="At"/>, <paramref name="Length"/> and <paramref name="Value"/> are drawn without knowing the file
/// and are taken
/// modulo what it allows, so that any of several changes can be left out when a failing case is shrunk.
/// </summary>
internal readonly record struct Mutation(MutationKind Kind, int At, int Length, int Value)
{
    private static readonly ulong[] Boundaries =
    [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1UL << 32, 1UL << 40, 1UL << 60, long.MaxValue,
            1UL << 63, ulong.MaxValue,
    ];

    private static readonly string[] Numbers =
    [
        "-1", "0", "1e999", "-0.0", "4294967296", "9223372036854775807", "9223372036854775808", "1152921504606846976",
            "99999999999999999999999999", "1e-400", "0.5", "NaN", "2147483648", "1048576",
    ];

    private static readonly string[] Tokens =
        ["null", "true", "[]", "{}", "\"\"", "[[[]]]", "{\"a\":{}}", "\"x\"", "17", "\"\\u0000\"", "-", "''", "~", "&a [*a]", "<<: x",
            "!!int x", "\t", "\r", "\uFEFF", "\"", ",", ":", "}", "]"];

    private static readonly int[] Depths = [3, 63, 64, 65, 70, 1000, 20_000];

    /// <summary>
    /// One to eight changes, few more often than many; half of all places lie in the first 512 bytes, where headers stand, or in the last
    /// ones.
    /// </summary>
    public static Gen<Mutation[]> Several(bool text)
    {
        var last = text ? MutationKind.DropLine : MutationKind.Digit;
        var one =
            from kind in Gen.Choose(0, (int)last)
            from region in Gen.Choose(0, 3)
            from at in Gen.Choose(0, int.MaxValue - 1)
            from length in Gen.Choose(0, int.MaxValue - 1)
            from value in Gen.Choose(0, int.MaxValue - 1)
            select new Mutation((MutationKind)kind, region switch { 0 => at % 512, 1 => -1 - (at % 256), _ => at }, length, value);
        return Gen.Frequency((4, Gen.Constant(1)), (2, Gen.Constant(2)), (1, Gen.Choose(3, 8))).SelectMany(count => one.ArrayOf(count));
    }

    /// <summary>The bytes with this change; <paramref name="other"/> is a second valid file of the format, for splices.</summary>
    public byte[] Apply(byte[] bytes, byte[] other)
    {
        var at = bytes.Length == 0 ? 0 : At < 0 ? Math.Max(0, bytes.Length + At) : At % bytes.Length;
        var length = Math.Min(1 + Length % (Value % 4 == 0 ? Math.Max(1, bytes.Length) : 32), bytes.Length - at);
        switch (Kind)
        {
            case MutationKind.Truncate:
                return bytes[..at];
            case MutationKind.Insert:
                return Insert(bytes, at, Filling(1 + Length % 600));
            case MutationKind.Delete:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case MutationKind.Duplicate:
                return Insert(bytes, at, bytes[at..(at + length)]);
            case MutationKind.Splice:
                var from = other.Length == 0 ? 0 : Value % other.Length;
                return [.. bytes[..at], .. other[from..]];
            case >= MutationKind.Nest:
                return TextMutation.Apply(this, bytes, at);
            default:
                if (bytes.Length == 0)
                {
                    return bytes;
                }
                bytes = [.. bytes];
                InPlace(bytes, at, length);
                return bytes;
        }
    }

    /// <summary>A number of the list by <see cref="Value"/>, as text.</summary>
    public string NumberText => Numbers[Value % Numbers.Length];

    /// <summary>A piece of JSON, YAML or CSV syntax by <see cref="Value"/>.</summary>
    public string TokenText => Tokens[Value % Tokens.Length];

    /// <summary>How deep to nest.</summary>
    public int Depth => Depths[Value % Depths.Length];

    public static byte[] Insert(byte[] bytes, int at, ReadOnlySpan<byte> what) => [.. bytes[..at], .. what, .. bytes[at..]];

    private void InPlace(byte[] bytes, int at, int length)
    {
        switch (Kind)
        {
            case MutationKind.FlipBit:
                bytes[at] ^= (byte)(1 << (Value % 8));
                break;
            case MutationKind.SetByte:
                bytes[at] = (byte)Value;
                break;
            case MutationKind.Overwrite:
                Overwrite(bytes, at);
                break;
            case MutationKind.Swap:
                var to = Value % bytes.Length;
                for (var i = 0; i < length && to + i < bytes.Length; i++)
                {
                    (bytes[at + i], bytes[to + i]) = (bytes[to + i], bytes[at + i]);
                }
                break;
            case MutationKind.Zero:
                bytes.AsSpan(at, length).Fill((Value & 8) == 0 ? (byte)0 : (byte)0xFF);
                break;
            default: // a digit: counts and sizes in text headers (tar, CSV, JSON)
                var digit = bytes.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
                bytes[at + Math.Max(0, digit)] = (byte)('0' + Value % 10);
                break;
        }
    }

    private void Overwrite(byte[] bytes, int at)
    {
        Span<byte> value = stackalloc byte[8];
        var width = 1 << (Length % 4);
        var number = Boundaries[Value % Boundaries.Length];
        if ((Length & 4) == 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(value, number);
        }
        else
        {
            BinaryPrimitives.WriteUInt64BigEndian(value, number << (64 - 8 * width));
        }
        // Half of them on a multiple of the width, where the formats put their fields.
        at = (Length & 8) == 0 ? at / width * width : at;
        value[..Math.Min(width, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
    }

    private byte[] Filling(int length)
    {
        var filling = new byte[length];
        new Random(Value).NextBytes(filling);
        if (Value % 3 == 0)
        {
            filling.AsSpan().Fill((byte)(Value >> 8));
        }
        return filling;
    }
}
