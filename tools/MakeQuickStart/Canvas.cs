namespace Llm2Clip.MakeQuickStart;

/// <summary>A color with channels 0 to 255.</summary>
public readonly record struct Rgb(double R, double G, double B)
{
    /// <summary>This color moved towards another by a share.</summary>
    public Rgb Towards(Rgb other, double share) =>
        new(R + ((other.R - R) * share), G + ((other.G - G) * share), B + ((other.B - B) * share));
}

/// <summary>A square image that parts are painted on, antialiased by 4 x 4 samples a pixel.</summary>
public sealed class Canvas(int size)
{
    private const int Samples = 4;
    private readonly Rgb[] _pixels = new Rgb[size * size];

    /// <summary>Side in pixels.</summary>
    public int Size => size;

    public Rgb this[int x, int y]
    {
        get => _pixels[(y * size) + x];
        set => _pixels[(y * size) + x] = value;
    }

    /// <summary>Lays a color over one pixel; outside of the image it does nothing.</summary>
    public void Blend(int x, int y, Rgb color, double share)
    {
        if (x >= 0 && y >= 0 && x < size && y < size)
        {
            this[x, y] = this[x, y].Towards(color, share);
        }
    }

    /// <summary>
    /// Paints a shape of the unit square at (<paramref name="x0"/>, <paramref name="y0"/>), scaled by <paramref name="radius"/>
    /// pixels and turned by the angle of the given cosine and sine.
    /// </summary>
    public void Paint(Func<double, double, bool> covers, Rgb color, double x0, double y0, double radius, (double Cos, double Sin) turn)
    {
        var reach = radius * 1.5;
        var (left, right) = (Math.Max(0, (int)(x0 - reach)), Math.Min(size - 1, (int)(x0 + reach) + 1));
        var (top, bottom) = (Math.Max(0, (int)(y0 - reach)), Math.Min(size - 1, (int)(y0 + reach) + 1));
        for (var y = top; y <= bottom; y++)
        {
            for (var x = left; x <= right; x++)
            {
                var hits = 0;
                for (var sample = 0; sample < Samples * Samples; sample++)
                {
                    var dx = (x + (((sample % Samples) + 0.5) / Samples) - x0) / radius;
                    var dy = (y + (((sample / Samples) + 0.5) / Samples) - y0) / radius;
                    hits += covers((dx * turn.Cos) + (dy * turn.Sin), (dy * turn.Cos) - (dx * turn.Sin)) ? 1 : 0;
                }
                if (hits > 0)
                {
                    Blend(x, y, color, hits / (double)(Samples * Samples));
                }
            }
        }
    }

    /// <summary>The image as size x size x 3 bytes, rows first, red green blue.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[size * size * 3];
        for (var i = 0; i < _pixels.Length; i++)
        {
            bytes[3 * i] = Channel(_pixels[i].R);
            bytes[(3 * i) + 1] = Channel(_pixels[i].G);
            bytes[(3 * i) + 2] = Channel(_pixels[i].B);
        }
        return bytes;
    }

    private static byte Channel(double value) => (byte)Math.Clamp((int)(value + 0.5), 0, 255);
}
