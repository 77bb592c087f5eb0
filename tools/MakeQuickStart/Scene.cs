namespace Llm2Clip.MakeQuickStart;

/// <summary>What can stand in a scene. The order is part of the data: appending is safe, moving is not.</summary>
public enum Thing
{
    Circle, Square, Triangle, Star, Heart, Cross, Ring, Diamond, Tree, House, Car, Boat,
    Fish, Sun, Moon, Flower, Cup, Balloon, Umbrella, Mushroom, Flag, Key, Bird, Apple,
}

/// <summary>Color of all things of a group.</summary>
public enum Color
{
    Red, Orange, Yellow, Green, Blue, Purple, Pink, White, Black, Brown,
}

/// <summary>Size of the things of a group; captions are silent about <see cref="Medium"/>.</summary>
public enum Size
{
    Small, Medium, Large,
}

/// <summary>Where the scene plays.</summary>
public enum Place
{
    Meadow, Sky, Sea, Beach, Night, Snow, Forest, Road,
}

/// <summary>How the groups stand to each other.</summary>
public enum Relation
{
    /// <summary>One group.</summary>
    Alone,

    /// <summary>The first group is left of the second.</summary>
    LeftOf,

    /// <summary>The first group is above the second.</summary>
    Above,

    /// <summary>The first thing is inside the second.</summary>
    Inside,

    /// <summary>The first thing is between the second and the third.</summary>
    Between,
}

/// <summary>One to five things of a kind, a color and a size.</summary>
public sealed record Group(int Count, Size Size, Color Color, Thing Thing)
{
    public override string ToString() => $"{Count} {Size} {Color} {Thing}";
}

/// <summary>What an image means. Images of one scene differ in positions, tilt, shades and texture.</summary>
public sealed record Scene(Place Place, Relation Relation, IReadOnlyList<Group> Groups)
{
    /// <summary>Equal for scenes of equal meaning; validation holds no key that training has.</summary>
    public string Key => $"{Place}|{Relation}|{string.Join('|', Groups)}";
}

/// <summary>Draws scenes.</summary>
public static class SceneSampler
{
    private static readonly Thing[] Containers = [Thing.Ring, Thing.Square, Thing.Circle, Thing.Heart, Thing.Diamond];

    /// <summary>A random scene: what stands in it, how many, how large, which color, where.</summary>
    public static Scene Draw(SceneRandom random)
    {
        var place = (Place)random.Next(Enum.GetValues<Place>().Length);
        var relation = (Relation)random.Weighted([0.36, 0.22, 0.22, 0.08, 0.12]);
        var groups = new List<Group>();
        switch (relation)
        {
            case Relation.Alone:
                groups.Add(DrawGroup(random, place, 1 + random.Weighted([0.36, 0.2, 0.18, 0.14, 0.12])));
                break;
            case Relation.LeftOf or Relation.Above:
                groups.Add(DrawGroup(random, place, 1 + random.Weighted([0.64, 0.24, 0.12])));
                AddOther(groups, random, place, 1 + random.Weighted([0.64, 0.24, 0.12]));
                break;
            case Relation.Inside:
                groups.Add(DrawGroup(random, place, 1) with { Size = Size.Small });
                AddOther(groups, random, place, 1);
                groups[1] = groups[1] with { Size = Size.Large, Thing = random.Pick(Containers) };
                break;
            case Relation.Between:
                groups.Add(DrawGroup(random, place, 1));
                AddOther(groups, random, place, 1);
                AddOther(groups, random, place, 1);
                for (var i = 0; i < groups.Count; i++)
                {
                    groups[i] = groups[i] with { Size = groups[i].Size == Size.Large ? Size.Medium : groups[i].Size };
                }
                break;
        }
        return new Scene(place, relation, groups);
    }

    /// <summary>A scene with one thing in it, which is drawn.</summary>
    public static Scene DrawAlone(SceneRandom random, Place place) => new(place, Relation.Alone, [DrawGroup(random, place, 1)]);

    private static Group DrawGroup(SceneRandom random, Place place, int count)
    {
        // Three large things and more do not fit beside each other.
        var size = (Size)random.Weighted([0.3, 0.4, count > 2 ? 0.0 : 0.3]);
        Color color;
        do
        {
            color = (Color)random.Next(Enum.GetValues<Color>().Length);
        }
        while ((color == Color.Black && place == Place.Night) || (color == Color.White && place == Place.Snow));
        return new Group(count, size, color, (Thing)random.Next(Enum.GetValues<Thing>().Length));
    }

    /// <summary>Adds a group that differs from the others in kind and color, so that a caption can tell them apart.</summary>
    private static void AddOther(List<Group> groups, SceneRandom random, Place place, int count)
    {
        Group group;
        do
        {
            group = DrawGroup(random, place, count);
        }
        while (groups.Any(other => other.Thing == group.Thing || other.Color == group.Color));
        groups.Add(group);
    }
}
