namespace Llm2Clip.Data;

/// <summary>
/// JSON as Python writes it: its <c>json.dump</c> gives NaN, Infinity and -Infinity as bare words, which the standard does not know (RFC
/// 8259, 6). Each becomes an empty text and spaces, of the same length, so that offsets into the file stay right: where a text is wanted
/// it counts as missing, and elsewhere nobody looks. Reads on over any number of pieces of a file.
/// </summary>
internal struct PythonNumbers
{
    private bool _inText;

    private static ReadOnlySpan<byte> Words => "NaN,Infinity,-Infinity"u8;

    /// <summary>Replaces the words in a whole document, or a whole value of one.</summary>
    public static void Replace(Span<byte> json)
    {
        if (Has(json))
        {
            new PythonNumbers().Replace(json, final: true);
        }
    }

    /// <summary>Whether one of the words may be there; true for texts that hold them too.</summary>
    public static bool Has(ReadOnlySpan<byte> json) => json.IndexOf("NaN"u8) >= 0 || json.IndexOf("Infinity"u8) >= 0;

    /// <summary>
    /// Replaces the words in the next bytes of a document, and returns how many of these are settled: the rest, which may be the beginning
    /// of a word, is to be given again with what follows. All are settled where <paramref name="final"/> says that nothing does.
    /// </summary>
    public int Replace(Span<byte> bytes, bool final)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var rest = bytes[at..];
            var next = _inText ? rest.IndexOfAny((byte)'"', (byte)'\\') : rest.IndexOfAny("\"NI-"u8);
            if (next < 0)
            {
                return bytes.Length;
            }
            at += next;
            rest = bytes[at..];
            switch (rest[0])
            {
                case (byte)'\\':
                    if (rest.Length == 1)
                    {
                        return final ? bytes.Length : at;
                    }
                    at += 2;
                    break;
                case (byte)'"':
                    _inText = !_inText;
                    at++;
                    break;
                default:
                    if (Word(rest, final) is not { } length)
                    {
                        return at;
                    }
                    at += length;
                    break;
            }
        }
        return bytes.Length;
    }

    /// <summary>Replaces a word that begins here. Its length, 1 where there is none; null where more bytes must say.</summary>
    private static int? Word(Span<byte> rest, bool final)
    {
        foreach (var range in Words.Split((byte)','))
        {
            var word = Words[range];
            if (rest.StartsWith(word))
            {
                rest[..word.Length].Fill((byte)' ');
                "\"\""u8.CopyTo(rest);
                return word.Length;
            }
            if (!final && word.StartsWith(rest))
            {
                return null;
            }
        }
        return 1;
    }
}
