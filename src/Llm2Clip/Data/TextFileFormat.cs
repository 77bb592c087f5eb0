using Llm2Clip.Data.Lists;

namespace Llm2Clip.Data;

/// <summary>A folder of images with captions in text files of the same names.</summary>
internal sealed class TextFileFormat : IDatasetFormat
{
    public DatasetFormat Name => DatasetFormat.TextFiles;

    public bool FillsFolders => false;

    public bool TakesFolders => true;

    public bool HasCaptionKeys => false;

    public bool HasSplits => false;

    public string Language => "en";

    public CaptionKind Kind => CaptionKind.Short;

    public IDatasetWriter? Writer => null;

    public bool Recognizes(FileHead head) => Directory.Exists(head.Path) && TextFileSource.IsIn(head.Path);

    public ISampleSource Open(NamedData data) =>
        new TextFileSource(new ImageFolderSource(data.Pattern, data.Files), data.Captions, data.Config.TextLines);
}
