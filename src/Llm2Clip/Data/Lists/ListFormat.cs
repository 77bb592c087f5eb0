namespace Llm2Clip.Data.Lists;

/// <summary>A format whose files are lists of images with captions.</summary>
/// <param name="Name">As run files name it.</param>
/// <param name="Title">As people name it, for the log.</param>
/// <param name="Is">Whether a file is of this format.</param>
/// <param name="OpenFile">Opens one list.</param>
internal sealed record ListFormat(
    DatasetFormat Name, string Title, Func<FileHead, bool> Is, Func<string, NamedData, ListFile> OpenFile) : IDatasetFormat
{
    private readonly ListWriter? _list;

    public bool FillsFolders => false;

    public bool HasCaptionKeys { get; init; }

    public bool HasSplits { get; init; }

    public string Language { get; init; } = "en";

    public CaptionKind Kind { get; init; } = CaptionKind.Short;

    /// <summary>How the list beside the images is written; null where the format is only read.</summary>
    public ListWriter? List
    {
        get => _list;
        init => (_list, Writer) = (value, value is null ? null : new ImageFolderWriter(value));
    }

    public IDatasetWriter? Writer { get; private init; }

    public bool Recognizes(FileHead head) => Is(head);

    public ISampleSource Open(NamedData data) => new ListSource(data.Pattern, Title, [.. data.Files.Select(file => OpenFile(file, data))]);
}
