using Llm2Clip.Data.Lists;

namespace Llm2Clip.Data;

/// <summary>What a format is opened with: the files that a pattern named, and what the run file says about them.</summary>
internal sealed record NamedData(
    string Pattern, IReadOnlyList<string> Files, CaptionReader Captions, ImageFolders Images, IReadOnlyList<string> Splits,
    RecordRange? Range, DataConfig Config);

/// <summary>One format of data sets: how it is recognized, read and, for some, written. <see cref="DatasetFormats"/> lists them.</summary>
internal interface IDatasetFormat
{
    /// <summary>As run files name it.</summary>
    DatasetFormat Name { get; }

    /// <summary>A folder means all files of this format in it, not a single list.</summary>
    bool FillsFolders { get; }

    /// <summary>It is a folder with what is in it, and not a file.</summary>
    bool TakesFolders => false;

    /// <summary><c>data.caption_keys</c> can name its captions.</summary>
    bool HasCaptionKeys { get; }

    /// <summary>Its records belong to splits: <c>FILE#SPLIT</c>.</summary>
    bool HasSplits { get; }

    /// <summary>Its samples have captions; without, only commands that need none take it.</summary>
    bool HasCaptions => true;

    /// <summary>Language of its captions where neither they nor the run file state one.</summary>
    string Language { get; }

    /// <summary>Kind of its captions where neither they nor the run file state one.</summary>
    CaptionKind Kind { get; }

    /// <summary>How it is written; null where it is only read.</summary>
    IDatasetWriter? Writer { get; }

    /// <summary>Whether a file is of this format; the first format that says so is taken.</summary>
    bool Recognizes(FileHead head);

    /// <summary>Opens the files of a pattern. Throws <see cref="InputException"/> where one cannot be read.</summary>
    ISampleSource Open(NamedData data);
}
