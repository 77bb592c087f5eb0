namespace Llm2Clip.MakeQuickStart;

/// <summary>Which ink a part of a drawing has.</summary>
public enum Ink
{
    /// <summary>The color that captions name.</summary>
    Main,

    /// <summary>A darker shade of it.</summary>
    Shade,

    /// <summary>Near white: windows, highlights.</summary>
    Light,

    /// <summary>Near black: wheels, eyes, stems.</summary>
    Dark,
}

/// <summary>A part of a drawing: the points of the square [-1, 1]^2 (y down) that it covers.</summary>
public sealed record Part(Ink Ink, Func<double, double, bool> Covers);

/// <summary>
/// How each <see cref="Thing"/> looks, as parts painted one over the other. Only additions, products and comparisons are
/// used, so that the same pixels come out on every machine.
/// </summary>
public static class Drawings
{
    /// <summary>The parts of a thing, back to front.</summary>
    public static IReadOnlyList<Part> Of(Thing thing) => All[(int)thing];

    private static readonly Part[][] All =
    [
        /* Circle */ [Body(Disc(0, 0, 0.95))],
        /* Square */ [Body(Box(-0.85, -0.85, 0.85, 0.85))],
        /* Triangle */ [Body(Polygon(0, -0.95, 0.98, 0.8, -0.98, 0.8))],
        /* Star */ [Body(Polygon(0, -1, 0.25, -0.33, 0.95, -0.31, 0.4, 0.13, 0.59, 0.81, 0, 0.42, -0.59, 0.81, -0.4, 0.13, -0.95, -0.31,
            -0.25, -0.33))],
        /* Heart */ [Body(Any(Disc(-0.46, -0.36, 0.5), Disc(0.46, -0.36, 0.5), Polygon(-0.9, -0.14, 0.9, -0.14, 0, 0.95),
            Box(-0.5, -0.4, 0.5, -0.1)))],
        /* Cross */ [Body(Any(Box(-0.3, -0.95, 0.3, 0.95), Box(-0.95, -0.3, 0.95, 0.3)))],
        /* Ring */ [Body(Without(Disc(0, 0, 0.97), Disc(0, 0, 0.62)))],
        /* Diamond */ [Body(Polygon(0, -1, 0.68, 0, 0, 1, -0.68, 0))],
        /* Tree */ [Dark(Box(-0.14, 0.3, 0.14, 1)),
            Body(Any(Polygon(0, -1, 0.55, -0.25, -0.55, -0.25), Polygon(0, -0.6, 0.8, 0.5, -0.8, 0.5)))],
        /* House */ [Body(Box(-0.7, -0.15, 0.7, 0.9)), Shade(Polygon(0, -0.95, 0.95, -0.12, -0.95, -0.12)),
            Light(Box(-0.5, 0.1, -0.1, 0.45)), Dark(Box(0.15, 0.25, 0.5, 0.9))],
        /* Car */ [Body(Any(Box(-0.98, -0.1, 0.98, 0.42), Polygon(-0.6, -0.1, -0.35, -0.6, 0.4, -0.6, 0.7, -0.1))),
            Light(Box(-0.3, -0.45, 0.05, -0.12)), Light(Box(0.14, -0.45, 0.42, -0.12)), Dark(Disc(-0.5, 0.45, 0.27)),
            Dark(Disc(0.5, 0.45, 0.27))],
        /* Boat */ [Body(Polygon(-0.98, 0.3, 0.98, 0.3, 0.6, 0.85, -0.6, 0.85)), Dark(Box(-0.05, -0.95, 0.05, 0.3)),
            Light(Polygon(0.1, -0.9, 0.75, 0.15, 0.1, 0.15)), Shade(Polygon(-0.1, -0.75, -0.1, 0.15, -0.65, 0.15))],
        /* Fish */ [Body(Any(Ellipse(-0.15, 0, 0.75, 0.45), Polygon(0.4, 0, 0.98, -0.5, 0.98, 0.5))), Light(Disc(-0.5, -0.1, 0.13)),
            Dark(Disc(-0.52, -0.1, 0.07))],
        /* Sun */ [Body(Any(Disc(0, 0, 0.52), Box(-0.1, -1, 0.1, 1), Box(-1, -0.1, 1, 0.1), Diagonal(0.13, 0.96), Diagonal(-0.13, 0.96))),
            Shade(Without(Disc(0, 0, 0.58), Disc(0, 0, 0.5)))],
        /* Moon */ [Body(Without(Disc(0, 0, 0.95), Disc(0.42, -0.15, 0.78)))],
        /* Flower */ [Dark(Box(-0.07, 0.2, 0.07, 1)),
            Body(Any(Disc(0, -0.72, 0.28), Disc(0.42, -0.42, 0.28), Disc(0.28, 0.06, 0.28), Disc(-0.28, 0.06, 0.28),
            Disc(-0.42, -0.42, 0.28))), Light(Disc(0, -0.3, 0.25))],
        /* Cup */ [Body(Without(Ellipse(0.55, -0.02, 0.42, 0.4), Ellipse(0.55, -0.02, 0.22, 0.2))),
            Body(Polygon(-0.8, -0.6, 0.6, -0.6, 0.42, 0.75, -0.62, 0.75)), Shade(Ellipse(-0.1, -0.6, 0.7, 0.16))],
        /* Balloon */ [Dark(Box(-0.04, 0.4, 0.04, 1)), Body(Any(Ellipse(0, -0.3, 0.6, 0.7), Polygon(0, 0.35, 0.15, 0.58, -0.15, 0.58))),
            Light(Ellipse(-0.22, -0.5, 0.12, 0.2))],
        /* Umbrella */ [Dark(Any(Box(-0.06, -0.1, 0.06, 0.85), Box(-0.06, 0.75, 0.35, 0.9))),
            Body(Both(Ellipse(0, 0.05, 0.98, 0.95), Box(-1, -1, 1, 0.05))), Shade(Both(Ellipse(0, 0.05, 0.35, 0.9), Box(-1, -1, 1, 0.05)))],
        /* Mushroom */ [Light(Box(-0.25, 0, 0.25, 0.9)), Body(Both(Ellipse(0, 0.1, 0.92, 0.95), Box(-1, -1, 1, 0.1))),
            Light(Disc(-0.35, -0.25, 0.15)), Light(Disc(0.35, -0.2, 0.13)), Light(Disc(0.02, -0.55, 0.13))],
        /* Flag */ [Dark(Box(-0.75, -0.95, -0.6, 1)), Body(Polygon(-0.6, -0.9, 0.9, -0.7, 0.6, -0.35, 0.9, 0.05, -0.6, 0.1))],
        /* Key */ [Body(Any(Without(Disc(-0.55, 0, 0.42), Disc(-0.55, 0, 0.18)), Box(-0.2, -0.12, 0.95, 0.12), Box(0.4, 0.1, 0.56, 0.45),
            Box(0.75, 0.1, 0.93, 0.5)))],
        /* Bird */ [Body(Any(Ellipse(-0.02, 0.1, 0.62, 0.4), Disc(-0.55, -0.3, 0.3), Polygon(0.4, 0, 0.98, -0.35, 0.9, 0.25))),
            Shade(Polygon(-0.2, 0, 0.5, 0.05, 0.25, -0.75)),
            Dark(Any(Disc(-0.6, -0.36, 0.08), Polygon(-0.8, -0.36, -0.8, -0.18, -1, -0.25), Box(-0.15, 0.45, -0.07, 0.85),
            Box(0.1, 0.45, 0.18, 0.85)))],
        /* Apple */ [Dark(Polygon(-0.04, -0.5, 0.06, -0.5, 0.2, -0.98, 0.08, -0.98)),
            Body(Any(Ellipse(-0.32, 0.15, 0.52, 0.68), Ellipse(0.32, 0.15, 0.52, 0.68))), Shade(Ellipse(0.42, -0.66, 0.28, 0.13)),
            Light(Ellipse(-0.48, -0.1, 0.1, 0.2))],
    ];

    private static Part Body(Func<double, double, bool> covers) => new(Ink.Main, covers);

    private static Part Shade(Func<double, double, bool> covers) => new(Ink.Shade, covers);

    private static Part Light(Func<double, double, bool> covers) => new(Ink.Light, covers);

    private static Part Dark(Func<double, double, bool> covers) => new(Ink.Dark, covers);

    private static Func<double, double, bool> Disc(double x0, double y0, double r) => Ellipse(x0, y0, r, r);

    private static Func<double, double, bool> Ellipse(double x0, double y0, double rx, double ry) => (x, y) =>
    {
        var (u, v) = ((x - x0) / rx, (y - y0) / ry);
        return (u * u) + (v * v) <= 1;
    };

    private static Func<double, double, bool> Box(double left, double top, double right, double bottom) =>
        (x, y) => x >= left && x <= right && y >= top && y <= bottom;

    /// <summary>A bar through the middle along y = x (or y = -x where the width is negative), within a disc.</summary>
    private static Func<double, double, bool> Diagonal(double width, double radius) => (x, y) =>
    {
        var across = width > 0 ? x - y : x + y;
        return across * across <= 2 * width * width && (x * x) + (y * y) <= radius * radius;
    };

    /// <summary>Points x0, y0, x1, y1, ...; even-odd rule.</summary>
    private static Func<double, double, bool> Polygon(params double[] points) => (x, y) =>
    {
        var inside = false;
        for (int i = 0, j = points.Length - 2; i < points.Length; j = i, i += 2)
        {
            var (xi, yi, xj, yj) = (points[i], points[i + 1], points[j], points[j + 1]);
            if (yi > y != yj > y && x < ((xj - xi) * (y - yi) / (yj - yi)) + xi)
            {
                inside = !inside;
            }
        }
        return inside;
    };

    private static Func<double, double, bool> Any(params Func<double, double, bool>[] shapes) => (x, y) =>
    {
        foreach (var shape in shapes)
        {
            if (shape(x, y))
            {
                return true;
            }
        }
        return false;
    };

    private static Func<double, double, bool> Both(Func<double, double, bool> a, Func<double, double, bool> b) =>
        (x, y) => a(x, y) && b(x, y);

    private static Func<double, double, bool> Without(Func<double, double, bool> a, Func<double, double, bool> b) =>
        (x, y) => a(x, y) && !b(x, y);
}
