using Llm2Clip.Data.Lists;

namespace Llm2Clip.Data;

/// <summary>What a form is opened with: the files that a pattern named, and what the run file says about them.</summary>
internal sealed record NamedData(string Pattern, IReadOnlyList<string> Files, CaptionReader Captions, PictureFolders Pictures, IReadOnlyList<string> Splits, DataConfig Config);

/// <summary>One form that a data set can have: a value of <c>data.format</c>.</summary>
/// <param name="Name">As the run file writes it.</param>
/// <param name="Recognises">Whether a file is of this form; the first form that says so is taken.</param>
/// <param name="Open">Opens the files of a pattern.</param>
internal sealed record SampleForm(string Name, Func<FileHead, bool> Recognises, Func<NamedData, ISampleSource> Open)
{
    /// <summary>A folder stands for all files of this form in it, not for a single list.</summary>
    public bool FillsFolders { get; init; }

    /// <summary><c>data.caption_keys</c> can name its captions.</summary>
    public bool HasCaptionKeys { get; init; }

    /// <summary>Its records belong to splits: <c>FILE#SPLIT</c>.</summary>
    public bool HasSplits { get; init; }

    /// <summary>Language of its captions where neither they nor the run file state one.</summary>
    public string Language { get; init; } = "en";

    /// <summary>Kind of its captions where neither they nor the run file state one.</summary>
    public CaptionKind Kind { get; init; } = CaptionKind.Short;

    /// <summary>A form whose files are lists of pictures.</summary>
    public static SampleForm List(string name, string title, Func<FileHead, bool> recognises, Func<string, NamedData, ListFile> open) =>
        new(name, recognises, data => new ListSource(data.Pattern, title, [.. data.Files.Select(file => open(file, data))]));
}
