namespace Llm2Clip.MakeQuickStart;

/// <summary>The eight places: a vertical gradient with its own shade each time, and a texture that tells them apart.</summary>
public static class Backgrounds
{
    /// <summary>Fills the whole canvas.</summary>
    public static void Paint(Canvas canvas, Place place, SceneRandom random)
    {
        var (top, bottom) = Shades(place);
        var light = random.Between(-14, 14);
        for (var y = 0; y < canvas.Size; y++)
        {
            // Steps of four rows keep the image, and so the file, simple.
            var color = top.Towards(bottom, (y / 4) * 4 / (double)canvas.Size);
            for (var x = 0; x < canvas.Size; x++)
            {
                canvas[x, y] = new Rgb(color.R + light, color.G + light, color.B + light);
            }
        }
        switch (place)
        {
            case Place.Meadow: Strokes(canvas, random, 40, 0, 3, new(70, 140, 50), 0.6); break;
            case Place.Sky: Clouds(canvas, random); break;
            case Place.Sea: Strokes(canvas, random, 18, 6, 0, new(190, 225, 240), 0.6); break;
            case Place.Beach: Beach(canvas, random); break;
            case Place.Night: Strokes(canvas, random, 22, 0, 0, new(240, 240, 200), 0.9); break;
            case Place.Snow: Strokes(canvas, random, 35, 1, 1, new(185, 200, 225), 0.6); break;
            case Place.Forest: Trunks(canvas, random); break;
            case Place.Road: Road(canvas, random); break;
        }
    }

    private static (Rgb Top, Rgb Bottom) Shades(Place place) => place switch
    {
        Place.Meadow => (new(165, 210, 120), new(125, 190, 85)),
        Place.Sky => (new(140, 195, 245), new(205, 230, 250)),
        Place.Sea => (new(95, 170, 205), new(40, 120, 170)),
        Place.Beach => (new(238, 214, 160), new(222, 190, 130)),
        Place.Night => (new(18, 20, 55), new(45, 45, 95)),
        Place.Snow => (new(222, 230, 242), new(238, 242, 248)),
        Place.Forest => (new(70, 110, 70), new(95, 120, 70)),
        _ => (new(140, 140, 145), new(115, 115, 120)),
    };

    /// <summary>Short marks of the given extent, scattered: blades, waves, stars, flakes.</summary>
    private static void Strokes(Canvas canvas, SceneRandom random, int count, int wide, int high, Rgb ink, double share)
    {
        for (var i = 0; i < count; i++)
        {
            var (x0, y0) = (random.Next(canvas.Size), random.Next(canvas.Size));
            var (w, h) = (wide == 0 ? 0 : random.Next(wide + 1), high == 0 ? 0 : random.Next(high + 1));
            for (var y = y0; y <= y0 + h; y++)
            {
                for (var x = x0; x <= x0 + w; x++)
                {
                    canvas.Blend(x, y, ink, share);
                }
            }
        }
    }

    private static void Clouds(Canvas canvas, SceneRandom random)
    {
        for (var i = 0; i < 2; i++)
        {
            var (x, y, r) = (random.Between(0, canvas.Size), random.Between(0, canvas.Size), random.Between(7, 12));
            canvas.Paint((u, v) => (u * u) + (6 * v * v) <= 1, new Rgb(232, 242, 252), x, y, r, (1, 0));
        }
    }

    private static void Beach(Canvas canvas, SceneRandom random)
    {
        var shore = random.Next(4) + 6;
        for (var y = 0; y < shore; y++)
        {
            for (var x = 0; x < canvas.Size; x++)
            {
                canvas[x, y] = y == shore - 1 ? new Rgb(240, 245, 245) : new Rgb(90, 180, 205);
            }
        }
        Strokes(canvas, random, 35, 0, 0, new(180, 145, 90), 0.6);
    }

    private static void Trunks(Canvas canvas, SceneRandom random)
    {
        for (var x = random.Next(8); x < canvas.Size; x += 8 + random.Next(8))
        {
            var width = 2 + random.Next(3);
            for (var y = 0; y < canvas.Size; y++)
            {
                for (var i = 0; i < width; i++)
                {
                    canvas.Blend(x + i, y, new Rgb(70, 55, 40), 0.8);
                }
            }
        }
    }

    private static void Road(Canvas canvas, SceneRandom random)
    {
        var (row, start) = (random.Next(canvas.Size - 8) + 3, random.Next(10));
        for (var x = start; x < canvas.Size; x++)
        {
            if ((x - start) % 12 < 7)
            {
                canvas.Blend(x, row, new Rgb(240, 240, 235), 0.9);
                canvas.Blend(x, row + 1, new Rgb(240, 240, 235), 0.9);
            }
        }
        Strokes(canvas, random, 25, 1, 0, new(95, 95, 100), 0.5);
    }
}
