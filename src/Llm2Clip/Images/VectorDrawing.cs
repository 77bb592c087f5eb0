using System.Text;
using NetVips;

namespace Llm2Clip.Images;

/// <summary>Drawings (SVG) as pixels, by the librsvg that libvips has. Texts need a font of the system.</summary>
internal static class VectorDrawing
{
    /// <summary>Draws an SVG that this program made, <paramref name="scale"/> pixels per unit of it, as a PNG.</summary>
    public static byte[] ToPng(string svg, double scale)
    {
        VipsLibrary.Start();
        try
        {
            using var image = Image.SvgloadBuffer(Encoding.UTF8.GetBytes(svg), scale: scale);
            return image.PngsaveBuffer();
        }
        catch (VipsException error)
        {
            throw new RunException($"A drawing could not be made into pixels: {VipsLibrary.Reason(error)}.", error);
        }
    }
}
