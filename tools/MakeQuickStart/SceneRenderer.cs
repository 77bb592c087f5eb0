namespace Llm2Clip.MakeQuickStart;

/// <summary>Paints a scene: the place with its texture, then every thing with its own position, size, tilt and shade.</summary>
public static class SceneRenderer
{
    /// <summary>Side of the shipped images in pixels.</summary>
    public const int ImageSize = 64;

    /// <summary>
    /// The scene as RGB bytes, <see cref="ImageSize"/> squared times three; <paramref name="random"/> decides all that captions do not
    /// say.
    /// </summary>
    public static byte[] Render(Scene scene, SceneRandom random)
    {
        var canvas = new Canvas(ImageSize);
        Backgrounds.Paint(canvas, scene.Place, random);
        foreach (var placed in Arrangement.Place(scene, random))
        {
            PaintThing(canvas, placed, random);
        }
        return canvas.ToBytes();
    }

    private static void PaintThing(Canvas canvas, PlacedThing placed, SceneRandom random)
    {
        // Cosine and sine from the half-angle tangent: exact arithmetic, no platform-dependent sine.
        var t = random.Between(-0.09, 0.09);
        var turn = ((1 - (t * t)) / (1 + (t * t)), 2 * t / (1 + (t * t)));
        var main = Jitter(MainColor(placed.Color), random, 10);
        var dark = placed.Color == Color.Black ? new Rgb(120, 120, 125) : new Rgb(35, 30, 35);
        var outline = placed.Color == Color.Black ? new Rgb(200, 200, 205) : main.Towards(new Rgb(20, 15, 25), 0.65);
        foreach (var part in Drawings.Of(placed.Thing))
        {
            var ink = part.Ink switch
            {
                Ink.Main => main,
                Ink.Shade => main.Towards(placed.Color == Color.Black ? new Rgb(255, 255, 255) : default, 0.35),
                Ink.Light => new Rgb(245, 243, 235),
                _ => dark,
            };
            if (part.Ink == Ink.Main)
            {
                canvas.Paint(Grown(part.Covers, 1.1 / placed.Radius), outline, placed.X, placed.Y, placed.Radius, turn);
            }
            canvas.Paint(part.Covers, ink, placed.X, placed.Y, placed.Radius, turn);
        }
    }

    /// <summary>The shape widened by a margin on all sides, by probing the eight neighbors at that distance.</summary>
    private static Func<double, double, bool> Grown(Func<double, double, bool> covers, double margin)
    {
        var slant = margin * 0.7;
        return (x, y) => covers(x - margin, y) || covers(x + margin, y) || covers(x, y - margin) || covers(x, y + margin)
            || covers(x - slant, y - slant) || covers(x + slant, y - slant) || covers(x - slant, y + slant) || covers(x + slant, y + slant);
    }

    private static Rgb MainColor(Color color) => color switch
    {
        Color.Red => new(214, 35, 40),
        Color.Orange => new(245, 135, 25),
        Color.Yellow => new(250, 222, 40),
        Color.Green => new(30, 140, 55),
        Color.Blue => new(30, 70, 205),
        Color.Purple => new(125, 45, 160),
        Color.Pink => new(248, 145, 185),
        Color.White => new(250, 250, 250),
        Color.Black => new(22, 22, 26),
        _ => new(120, 72, 35),
    };

    private static Rgb Jitter(Rgb color, SceneRandom random, double by) =>
        new(color.R + random.Between(-by, by), color.G + random.Between(-by, by), color.B + random.Between(-by, by));
}
