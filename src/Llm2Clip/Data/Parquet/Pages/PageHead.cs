using Parquet.Meta;

namespace Llm2Clip.Data.Parquet.Pages;

/// <summary>The header of a page, checked.</summary>
internal sealed class PageHead
{
    private const int TypeField = 1;
    private const int UnpackedField = 2;
    private const int PackedField = 3;

    private readonly Dictionary<(string Shape, int Field), int> _numbers;

    private PageHead(Dictionary<(string Shape, int Field), int> numbers) => _numbers = numbers;

    public PageType Type => (PageType)Number("PageHeader", TypeField);

    /// <summary>Bytes of the header itself.</summary>
    public int Length { get; private init; }

    /// <summary>Bytes of the page after it is unpacked, levels included.</summary>
    public int UnpackedBytes => Number("PageHeader", UnpackedField);

    /// <summary>Bytes of the page in the file.</summary>
    public int PackedBytes => Number("PageHeader", PackedField);

    public bool IsDictionary => Type == PageType.DICTIONARY_PAGE;

    public bool IsVersion2 => Type == PageType.DATA_PAGE_V2;

    /// <summary>Values, or entries of a dictionary; nulls and empty lists count.</summary>
    public int Values => Number(Shape, 1);

    public Encoding Encoding => (Encoding)Number(Shape, IsVersion2 ? 4 : 2);

    /// <summary>Of version 2: the levels' bytes, which are never packed, and whether the values are.</summary>
    public (int Repetitions, int Definitions, bool IsPacked) Version2 =>
        (Number(Shape, 6), Number(Shape, 5), _numbers.GetValueOrDefault((Shape, 7), 1) == 1);

    private string Shape => Type switch
    {
        PageType.DATA_PAGE => "DataPage",
        PageType.DATA_PAGE_V2 => "DataPageV2",
        PageType.DICTIONARY_PAGE => "DictionaryPage",
        _ => throw new InvalidDataException($"it has a page of the unknown type {(int)Type}"),
    };

    /// <summary>
    /// Reads the header that <paramref name="bytes"/> begins with. Throws <see cref="InvalidDataException"/> where it is none,
    /// <see cref="EndOfStreamException"/> where it goes on after them.
    /// </summary>
    public static PageHead Read(ReadOnlySpan<byte> bytes)
    {
        var numbers = new Dictionary<(string, int), int>();
        var check = new ThriftCheck(bytes, (shape, field, value) =>
        {
            if (shape is "PageHeader" or "DataPage" or "DataPageV2" or "DictionaryPage")
            {
                numbers[(shape, field)] = (int)value;
            }
        });
        check.Struct("PageHeader");
        var head = new PageHead(numbers) { Length = check.Position };
        head.Check();
        return head;
    }

    private void Check()
    {
        if (UnpackedBytes < 0 || PackedBytes < 0)
        {
            throw new InvalidDataException("it has a page of negative size");
        }
        if (Type == PageType.INDEX_PAGE)
        {
            return;
        }
        if (Values < 0)
        {
            throw new InvalidDataException("it has a page with a negative number of values");
        }
        if (Type == PageType.DATA_PAGE && (Number(Shape, 3), Number(Shape, 4)) != ((int)Encoding.RLE, (int)Encoding.RLE))
        {
            throw new InvalidDataException("its levels are in the encoding BIT_PACKED of old writers, which is not read");
        }
        if (IsVersion2 && (Math.Min(Version2.Repetitions, Version2.Definitions) < 0
            || (long)Version2.Repetitions + Version2.Definitions > Math.Min(PackedBytes, UnpackedBytes)))
        {
            throw new InvalidDataException("it has a page whose levels are larger than the page");
        }
    }

    private int Number(string shape, int field) =>
        _numbers.TryGetValue((shape, field), out var value) ? value : throw new InvalidDataException($"a page header lacks its {shape}");
}
