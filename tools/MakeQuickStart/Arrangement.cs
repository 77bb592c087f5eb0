namespace Llm2Clip.MakeQuickStart;

/// <summary>A thing with its place in the image, in pixels.</summary>
public sealed record PlacedThing(Thing Thing, Color Color, double X, double Y, double Radius);

/// <summary>Gives every thing of a scene a position, such that the relation holds and nothing hides anything else.</summary>
public static class Arrangement
{
    private const double Side = SceneRenderer.ImageSize;

    /// <summary>All things, in painting order.</summary>
    public static IReadOnlyList<PlacedThing> Place(Scene scene, SceneRandom random)
    {
        var things = new List<PlacedThing>();
        var middle = (Side / 2) + random.Between(-3, 3);
        switch (scene.Relation)
        {
            case Relation.Alone:
                Scatter(things, scene.Groups[0], (1, 1, Side - 1, Side - 1), random);
                break;
            case Relation.LeftOf:
                Scatter(things, scene.Groups[0], (1, 1, middle - 0.5, Side - 1), random);
                Scatter(things, scene.Groups[1], (middle + 0.5, 1, Side - 1, Side - 1), random);
                break;
            case Relation.Above:
                Scatter(things, scene.Groups[0], (1, 1, Side - 1, middle - 0.5), random);
                Scatter(things, scene.Groups[1], (1, middle + 0.5, Side - 1, Side - 1), random);
                break;
            case Relation.Inside:
                PlaceInside(things, scene, random);
                break;
            case Relation.Between:
                PlaceBetween(things, scene, random);
                break;
        }
        return things;
    }

    private static double Radius(Size size, SceneRandom random) => (size switch
    {
        Size.Small => 5.5,
        Size.Medium => 8.5,
        _ => 13.5,
    }) * random.Between(0.92, 1.08);

    /// <summary>Random positions in a box that keep apart; the things shrink a little where the box is full.</summary>
    private static void Scatter(List<PlacedThing> things, Group group, (double Left, double Top, double Right, double Bottom) box,
        SceneRandom random)
    {
        var radius = Radius(group.Size, random);
        for (; ; radius *= 0.95)
        {
            var centers = new List<(double X, double Y)>();
            for (var tries = 0; tries < 60 && centers.Count < group.Count; tries++)
            {
                var x = random.Between(box.Left + radius, Math.Max(box.Left + radius, box.Right - radius));
                var y = random.Between(box.Top + radius, Math.Max(box.Top + radius, box.Bottom - radius));
                var apart = 4.2 * radius * radius;
                if (centers.TrueForAll(other => ((x - other.X) * (x - other.X)) + ((y - other.Y) * (y - other.Y)) >= apart))
                {
                    centers.Add((x, y));
                }
            }
            if (centers.Count == group.Count)
            {
                things.AddRange(centers.Select(center => new PlacedThing(group.Thing, group.Color, center.X, center.Y, radius)));
                return;
            }
        }
    }

    private static void PlaceInside(List<PlacedThing> things, Scene scene, SceneRandom random)
    {
        var (inner, outer) = (scene.Groups[0], scene.Groups[1]);
        var radius = random.Between(19, 24);
        var (x, y) = (random.Between(radius + 1, Side - radius - 1), random.Between(radius + 1, Side - radius - 1));
        things.Add(new PlacedThing(outer.Thing, outer.Color, x, y, radius));
        things.Add(new PlacedThing(inner.Thing, inner.Color, x + random.Between(-2, 2), y + random.Between(-2, 2), random.Between(6, 8)));
    }

    private static void PlaceBetween(List<PlacedThing> things, Scene scene, SceneRandom random)
    {
        double[] columns = [Side / 2, 11, Side - 11];
        var swap = random.Chance(0.5);
        var row = random.Between(18, Side - 18);
        for (var i = 0; i < 3; i++)
        {
            var group = scene.Groups[i];
            var x = columns[i == 0 ? 0 : swap ? 3 - i : i] + random.Between(-2, 2);
            things.Add(new PlacedThing(group.Thing, group.Color, x, row + random.Between(-8, 8), Math.Min(9, Radius(group.Size, random))));
        }
    }
}
