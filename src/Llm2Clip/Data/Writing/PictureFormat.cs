namespace Llm2Clip.Data.Writing;

/// <summary>What an encoded picture is, by its first bytes: names lie.</summary>
internal static class PictureFormat
{
    /// <summary>The usual extension, without a dot; <c>jpg</c> where the bytes are of no known format, as img2dataset names everything.</summary>
    public static string Extension(ReadOnlySpan<byte> encoded) => encoded switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "png",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "webp",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "gif",
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => "tif",
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'a', (byte)'v', (byte)'i', (byte)'f' or (byte)'s', ..] => "avif",
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', (byte)'h', (byte)'e', (byte)'i' or (byte)'v', _, ..] => "heic",
        _ => "jpg",
    };
}
