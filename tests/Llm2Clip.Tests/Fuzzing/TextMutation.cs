using System.Text;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Changes to what a text says rather than to its bytes: nesting, numbers, types, keys, lines and broken Unicode.</summary>
internal static class TextMutation
{
    public static byte[] Apply(Mutation change, byte[] bytes, int at) => change.Kind switch
    {
        MutationKind.Nest => Mutation.Insert(bytes, at, Nested(change)),
        MutationKind.Number => Replace(bytes, NumberAt(bytes, at), Encoding.UTF8.GetBytes(change.NumberText)),
        MutationKind.Token => Replace(bytes, TokenAt(bytes, at), Encoding.UTF8.GetBytes(change.TokenText)),
        MutationKind.RepeatKey => RepeatKey(bytes, at),
        MutationKind.Nul => Mutation.Insert(bytes, at, [0]),
        MutationKind.Surrogate => Mutation.Insert(bytes, at, change.Value % 2 == 0 ? "\\ud800"u8 : [0xED, 0xA0, 0x80]),
        MutationKind.BadUtf8 => Mutation.Insert(bytes, at, change.Value % 2 == 0 ? [0xC3] : [0xFF, 0xFE]),
        MutationKind.RepeatLine => Line(bytes, at) is var line ? Mutation.Insert(bytes, line.Start, bytes.AsSpan(line.Start, line.Length))
            : bytes,
        _ => Line(bytes, at) is var line ? Replace(bytes, line, []) : bytes,
    };

    private static byte[] Nested(Mutation change)
    {
        var (open, close) = (change.Length % 4) switch { 0 => ("[", "]"), 1 => ("{\"a\":", "}"), 2 => ("[", ""), _ => ("{a: ", "}") };
        var text = new StringBuilder();
        for (var i = 0; i < change.Depth; i++)
        {
            text.Append(open);
        }
        text.Append('1');
        for (var i = 0; i < change.Depth; i++)
        {
            text.Append(close);
        }
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>The next run of digits, or an empty place where there is none.</summary>
    private static (int Start, int Length) NumberAt(byte[] bytes, int at)
    {
        var rest = bytes.AsSpan(at);
        var start = rest.IndexOfAnyInRange((byte)'0', (byte)'9');
        if (start < 0)
        {
            return (at, 0);
        }
        var length = rest[start..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return (at + start, length < 0 ? rest.Length - start : length);
    }

    /// <summary>What stands between two of <c>,:[]{}</c> or line breaks.</summary>
    private static (int Start, int Length) TokenAt(byte[] bytes, int at)
    {
        var borders = ",:[]{}\n\t"u8;
        var start = bytes.AsSpan(0, at).LastIndexOfAny(borders) + 1;
        var length = bytes.AsSpan(start).IndexOfAny(borders);
        return (start, length < 0 ? bytes.Length - start : length);
    }

    /// <summary>Writes a <c>"key": value,</c> twice, as far as commas show it.</summary>
    private static byte[] RepeatKey(byte[] bytes, int at)
    {
        var start = bytes.AsSpan(0, at).LastIndexOfAny("{,\n"u8) + 1;
        var length = bytes.AsSpan(start).IndexOfAny(",}\n"u8);
        length = length < 0 ? bytes.Length - start : length;
        return Mutation.Insert(bytes, start, [.. bytes.AsSpan(start, length), (byte)',']);
    }

    private static (int Start, int Length) Line(byte[] bytes, int at)
    {
        var start = bytes.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;
        var length = bytes.AsSpan(start).IndexOf((byte)'\n') + 1;
        return (start, length == 0 ? bytes.Length - start : length);
    }

    private static byte[] Replace(byte[] bytes, (int Start, int Length) place, ReadOnlySpan<byte> with) =>
        [.. bytes.AsSpan(0, place.Start), .. with, .. bytes.AsSpan(place.Start + place.Length)];
}
