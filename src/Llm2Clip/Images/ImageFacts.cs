using System.Globalization;
using NetVips;

namespace Llm2Clip.Images;

/// <summary>
/// What the header of an image file says of it, EXIF data included (Exif 2.32, 4.6), read by libvips without decoding pixels.
/// </summary>
/// <param name="Width">Pixels as they are seen: upright.</param>
/// <param name="Height">The same.</param>
/// <param name="Orientation">1 to 8, as <see cref="Images.Orientation"/> takes it; 1 where none is stated.</param>
/// <param name="Taken">When the photo was taken, in the camera's own time; null where it is not stated.</param>
/// <param name="Latitude">Degrees north; null where it is not stated.</param>
/// <param name="Longitude">Degrees east; null where it is not stated.</param>
internal sealed record ImageFacts(int Width, int Height, int Orientation, DateTime? Taken, double? Latitude, double? Longitude)
{
    private const string Exif = "exif-ifd";

    /// <summary>
    /// Reads the header. What of it makes no sense, such as the date 0000:00:00 of a camera whose clock was not set, is left out. Throws
    /// <see cref="ImageException"/>, naming <paramref name="origin"/>, where there is no header to read.
    /// </summary>
    public static ImageFacts Of(ReadOnlySpan<byte> encoded, string origin)
    {
        try
        {
            return ImageFormats.Of(encoded) is { } format
                ? VipsDecoder.Header(format, encoded, Read)
                : throw new ImageException($"{origin}: not a jpg, png, webp, gif, tiff or avif image.", ImageProblem.NotAnImage);
        }
        catch (VipsException error)
        {
            throw ImageCodec.Refused(origin, VipsLibrary.Reason(error), inner: error);
        }
    }

    private static ImageFacts Read(Image image)
    {
        var orientation = image.Contains(VipsDecoder.OrientationTag) && (int)image.Get(VipsDecoder.OrientationTag) is var stated
            && stated is >= 1 and <= 8 ? stated : 1;
        var (width, height) = orientation >= 5 ? (image.Height, image.Width) : (image.Width, image.Height);
        var taken = Date(image, "2-DateTimeOriginal") ?? Date(image, "2-DateTimeDigitized") ?? Date(image, "0-DateTime");
        var (latitude, longitude) = (Degrees(image, "Latitude", 90, 'S'), Degrees(image, "Longitude", 180, 'W'));
        return latitude is null || longitude is null
            ? new ImageFacts(width, height, orientation, taken, null, null)
            : new ImageFacts(width, height, orientation, taken, latitude, longitude);
    }

    private static DateTime? Date(Image image, string tag) =>
        Text(image, tag) is { Length: >= 19 } text && DateTime.TryParseExact(
            text[..19], "yyyy:MM:dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : null;

    /// <summary>Degrees, minutes and seconds, each a quotient, with the hemisphere in a tag of its own.</summary>
    private static double? Degrees(Image image, string tag, double most, char negative)
    {
        if (Text(image, $"3-GPS{tag}") is not { } text || Text(image, $"3-GPS{tag}Ref") is not { } hemisphere)
        {
            return null;
        }
        var sum = 0.0;
        var unit = 1.0;
        foreach (var part in text.Split(' ').Take(3))
        {
            var quotient = part.Split('/');
            if (quotient.Length != 2 || !double.TryParse(quotient[0], CultureInfo.InvariantCulture, out var above)
                || !double.TryParse(quotient[1], CultureInfo.InvariantCulture, out var below))
            {
                return null;
            }
            sum += below == 0 ? 0 : above / below / unit;
            unit *= 60;
        }
        return sum <= most ? hemisphere.StartsWith(negative) ? -sum : sum : null;
    }

    /// <summary>
    /// The value of a tag; libvips puts libexif's description of it behind, as in <c>48/1 51/1 (48, 51, Rational, 2 components, 16
    /// bytes)</c>.
    /// </summary>
    private static string? Text(Image image, string tag)
    {
        if (!image.Contains(Exif + tag) || image.Get(Exif + tag) is not string text)
        {
            return null;
        }
        var description = text.LastIndexOf(" (", StringComparison.Ordinal);
        return description < 0 ? text : text[..description];
    }
}
