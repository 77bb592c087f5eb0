using Llm2Clip.Data.Lists;

namespace Llm2Clip.Data;

/// <summary>A folder of images, with those in the folders below it, and no captions.</summary>
internal sealed class ImageFolderFormat : IDatasetFormat
{
    public DatasetFormat Name => DatasetFormat.Images;

    public bool FillsFolders => false;

    public bool TakesFolders => true;

    public bool HasCaptionKeys => false;

    public bool HasSplits => false;

    public bool HasCaptions => false;

    public string Language => "en";

    public CaptionKind Kind => CaptionKind.Short;

    public IDatasetWriter? Writer => null;

    public bool Recognizes(FileHead head) => Directory.Exists(head.Path);

    public ISampleSource Open(NamedData data) => new ImageFolderSource(data.Pattern, data.Files);
}
