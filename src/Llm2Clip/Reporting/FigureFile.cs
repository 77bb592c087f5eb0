using Llm2Clip.Files;
using Llm2Clip.Images;

namespace Llm2Clip.Reporting;

/// <summary>A chart as files for papers and slides: SVG, and the same as PNG.</summary>
internal static class FigureFile
{
    /// <summary>Pixels per unit: a chart is 5 inches wide at 300 dots per inch.</summary>
    private const double PngScale = 3.125;

    /// <summary>Writes both files; returns their names.</summary>
    public static IReadOnlyList<string> Write(string folder, string name, SvgCanvas chart)
    {
        DurableFolder.Create(folder);
        var svg = chart.Standalone();
        var (vector, pixels) = (Path.Combine(folder, name + ".svg"), Path.Combine(folder, name + ".png"));
        PendingFile.Write(vector, svg);
        PendingFile.Write(pixels, VectorDrawing.ToPng(svg, PngScale));
        return [vector, pixels];
    }
}
