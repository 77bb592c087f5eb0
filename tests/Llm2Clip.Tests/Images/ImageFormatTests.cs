using System.Buffers.Binary;
using System.Text;
using Llm2Clip.Images;

namespace Llm2Clip.Tests.Images;

public sealed class ImageFormatTests
{
    [Theory]
    [InlineData("avif mif1 miaf", "avif")]
    [InlineData("avis avif msf1", "avif")]
    [InlineData("mif1 miaf avif MA1B", "avif")]
    [InlineData("msf1 avis", "avif")]
    [InlineData("heic mif1 avif", "heic")] // what stands first says it
    [InlineData("heix", "heic")]
    [InlineData("hevc msf1", "heic")]
    [InlineData("mif1 heic", "heic")]
    [InlineData("msf1 hevc", "heic")]
    [InlineData("mif1 jpeg", "heif")]
    [InlineData("mif1", "heif")]
    [InlineData("isom mp41 avif", "jpg")] // a film
    [InlineData("heip", "jpg")]
    public void HeifFilesAreNamedByTheirBrands(string brands, string extension)
    {
        var file = File(brands.Split(' '));
        Assert.Equal(extension, ImageFormats.Extension(file));
        // Behind the box stands what is no brand, whatever it looks like; and a box may be cut.
        Assert.Equal(extension, ImageFormats.Extension([.. file, .. "avifheic"u8]));
        Assert.Equal(extension is "jpg" ? "jpg" : ImageFormats.Extension(File(brands.Split(' ')[..1])),
            ImageFormats.Extension(file.AsSpan(0, Math.Min(18, file.Length))));
    }

    private static byte[] File(string[] brands)
    {
        var file = new byte[16 + 4 * (brands.Length - 1)];
        BinaryPrimitives.WriteInt32BigEndian(file, file.Length);
        Encoding.ASCII.GetBytes("ftyp" + brands[0], file.AsSpan(4));
        Encoding.ASCII.GetBytes(string.Concat(brands[1..]), file.AsSpan(16));
        return file;
    }
}
