using Llm2Clip.Images;

namespace Llm2Clip.Data.WebDataset;

/// <summary>What a member is to its sample.</summary>
internal enum MemberRole
{
    Image,
    Json,
    Text,

    /// <summary>Something that is not read, such as a class label or an embedding.</summary>
    Other,
}

/// <summary>A member's name, taken apart.</summary>
/// <param name="Key">What precedes the first dot of the file name, as webdataset has it.</param>
/// <param name="Extension">The rest in lower case, such as <c>jpg</c>, or <c>05.jpg</c> of <c>22.05.jpg</c>.</param>
/// <param name="Stem">
/// The name without the extension by which the member is known: <see cref="Key"/>, or <c>22.05</c> where only the last part of the
/// extension is known.
/// </param>
/// <param name="Role">What the member is, by the known extension.</param>
internal readonly record struct MemberName(string Key, string Extension, string Stem, MemberRole Role)
{
    /// <summary>Whether the member's key alone names it, and no part of a longer extension does.</summary>
    public bool IsExact => Stem.Length == Key.Length;

    /// <summary>
    /// Place of the image's extension among those that are read: of several images of a sample the first counts, as in open_clip.
    /// </summary>
    public int ImageRank => ImageFormats.Rank(Last(Extension));

    /// <summary>
    /// Takes a name apart. Null with a <paramref name="problem"/> for a name that points outside the archive; null without one for hidden
    /// files and files without an extension, which belong to no sample.
    /// </summary>
    /// <param name="name">The member's name.</param>
    /// <param name="problem">Why it has no part in a sample.</param>
    /// <param name="text">Extension of the members that are texts.</param>
    public static MemberName? Of(string name, out string? problem, string text = CaptionReader.TextMember)
    {
        problem = null;
        while (name.StartsWith("./", StringComparison.Ordinal))
        {
            name = name[2..];
        }
        if (name.StartsWith('/') || name.Split('/').Contains(".."))
        {
            problem = "the member's name points outside the archive";
            return null;
        }
        var file = name.LastIndexOf('/') + 1;
        var dot = name.IndexOf('.', file);
        if (dot <= file)
        {
            return null;
        }
        var (key, extension) = (name[..dot], name[(dot + 1)..].ToLowerInvariant());
        var role = RoleOf(extension, text);
        if (role != MemberRole.Other)
        {
            return new MemberName(key, extension, key, role);
        }
        role = RoleOf(Last(extension), text);
        return new MemberName(key, extension, role == MemberRole.Other ? key : name[..name.LastIndexOf('.')], role);
    }

    private static string Last(string extension) => extension[(extension.LastIndexOf('.') + 1)..];

    private static MemberRole RoleOf(string extension, string text) => extension switch
    {
        "json" => MemberRole.Json,
        _ when extension == text => MemberRole.Text,
        _ => ImageFormats.Rank(extension) >= 0 ? MemberRole.Image : MemberRole.Other,
    };
}
