namespace Llm2Clip.MakeQuickStart;

/// <summary>English captions.</summary>
public sealed class EnglishGrammar : IGrammar
{
    private static readonly string[] Numbers = ["", "", "two", "three", "four", "five"];

    private static readonly string[][] Sizes = [["small", "little", "tiny"], [], ["large", "big", "huge"]];

    private static readonly string[][] Colors =
    [
        ["red"], ["orange"], ["yellow"], ["green"], ["blue"], ["purple", "violet"], ["pink"], ["white"], ["black"], ["brown"],
    ];

    /// <summary>Singular and plural of each thing, the usual word first.</summary>
    private static readonly (string One, string Many)[][] Nouns =
    [
        [("circle", "circles"), ("disc", "discs")], [("square", "squares")], [("triangle", "triangles")], [("star", "stars")],
        [("heart", "hearts")], [("cross", "crosses")], [("ring", "rings"), ("hoop", "hoops")], [("diamond", "diamonds")],
        [("tree", "trees")], [("house", "houses"), ("hut", "huts")], [("car", "cars")], [("boat", "boats"), ("ship", "ships")],
        [("fish", "fish")], [("sun", "suns")], [("moon", "moons")], [("flower", "flowers"), ("blossom", "blossoms")],
        [("cup", "cups"), ("mug", "mugs")], [("balloon", "balloons")], [("umbrella", "umbrellas")], [("mushroom", "mushrooms")],
        [("flag", "flags"), ("banner", "banners")], [("key", "keys")], [("bird", "birds")], [("apple", "apples")],
    ];

    private static readonly string[][] Places =
    [
        ["on the grass", "on a green meadow", "in a field"], ["in the sky", "in the blue sky"],
        ["on the sea", "on the water", "in the ocean"],
        ["on the beach", "on the sand"], ["at night", "in the night sky", "in the dark"], ["in the snow", "on the snow"],
        ["in the forest", "in the woods"], ["on the road", "on the street"],
    ];

    private static readonly string[] Left = ["to the left of", "left of", "on the left side of"];
    private static readonly string[] Right = ["to the right of", "right of", "on the right side of"];
    private static readonly string[] Above = ["above", "over"];
    private static readonly string[] Below = ["below", "under", "beneath"];
    private static readonly string[] Inside = ["inside", "within"];

    public string Language => "en";

    public string Describe(Group group, SceneRandom random)
    {
        var words = new List<string>();
        if (group.Size != Size.Medium)
        {
            words.Add(random.PickUsual(Sizes[(int)group.Size]));
        }
        words.Add(random.PickUsual(Colors[(int)group.Color]));
        var (one, many) = random.PickUsual(Nouns[(int)group.Thing]);
        words.Add(group.Count == 1 ? one : many);
        words.Insert(0, group.Count > 1 ? Numbers[group.Count] : "aeiou".Contains(words[0][0]) ? "an" : "a");
        return string.Join(' ', words);
    }

    public string Describe(Place place, SceneRandom random) => random.PickUsual(Places[(int)place]);

    public string Write(Scene scene, Intent intent, SceneRandom random)
    {
        var place = Describe(scene.Place, random);
        var tail = intent.NamePlace ? " " + place : "";
        return intent.Form switch
        {
            Form.Phrase => Whole(scene, intent, random) + tail,
            Form.Sentence => Sentence(Statement(scene, intent, random) + tail),
            Form.There => Sentence($"there {Be(scene, intent)} {Whole(scene, intent, random)}{tail}"),
            Form.Shows => Sentence(
                $"{random.Pick(["the picture shows", "this is a picture of", "we can see"])} {Whole(scene, intent, random)}{tail}"),
            Form.PlaceFirst => Sentence($"{place} there {Be(scene, intent)} {Whole(scene, intent, random)}"),
            _ => Paragraph(scene, intent, place, random),
        };
    }

    public IReadOnlyList<IReadOnlyList<string>> Concepts { get; } =
    [
        .. Numbers.Skip(2).Select(number => new[] { number }),
        .. Sizes,
        .. Colors,
        .. Nouns.Select(nouns => nouns.SelectMany(noun => new[] { noun.One, noun.Many }).Distinct().ToArray()),
        .. Places,
        Left, Right, Above, Below, Inside, ["between"],
    ];

    /// <summary>All groups with their relation, as a noun phrase.</summary>
    private string Whole(Scene scene, Intent intent, SceneRandom random)
    {
        var names = scene.Groups.Select(group => Describe(group, random)).ToArray();
        return scene.Relation switch
        {
            Relation.Alone => names[0],
            Relation.Between => Between(names, intent),
            Relation.Inside when intent.Reversed => $"{names[1]} with {names[0]} in it",
            _ => intent.Reversed ? $"{names[1]} {Link(scene.Relation, true, random)} {names[0]}"
                : $"{names[0]} {Link(scene.Relation, false, random)} {names[1]}",
        };
    }

    /// <summary>The same with a verb, where there is a relation to state.</summary>
    private string Statement(Scene scene, Intent intent, SceneRandom random)
    {
        var names = scene.Groups.Select(group => Describe(group, random)).ToArray();
        var reversed = intent.Reversed && scene.Relation is (Relation.LeftOf or Relation.Above);
        var first = scene.Groups[reversed ? 1 : 0];
        var verb = first.Count == 1 ? "is" : "are";
        return scene.Relation switch
        {
            Relation.Alone => $"{names[0]} can be seen",
            Relation.Between => $"{names[0]} {verb} {Between(names, intent)[(names[0].Length + 1)..]}",
            Relation.Inside => $"{names[0]} {verb} {Link(scene.Relation, false, random)} {names[1]}",
            _ => $"{names[reversed ? 1 : 0]} {verb} {Link(scene.Relation, reversed, random)} {names[reversed ? 0 : 1]}",
        };
    }

    private static string Between(string[] names, Intent intent) =>
        intent.Reversed ? $"{names[0]} between {names[2]} and {names[1]}" : $"{names[0]} between {names[1]} and {names[2]}";

    private static string Link(Relation relation, bool reversed, SceneRandom random) => random.PickUsual((relation, reversed) switch
    {
        (Relation.LeftOf, false) => Left,
        (Relation.LeftOf, true) => Right,
        (Relation.Above, false) => Above,
        (Relation.Above, true) => Below,
        _ => Inside,
    });

    private string Paragraph(Scene scene, Intent intent, string place, SceneRandom random)
    {
        var opening = random.Pick(["this picture shows a scene", "the scene is", "we are"]);
        var content = scene.Relation == Relation.Alone
            ? $"there {Be(scene, intent)} {Describe(scene.Groups[0], random)} and nothing else"
            : Statement(scene, intent, random);
        var group = scene.Groups[intent.Detail % scene.Groups.Count];
        var (one, many) = random.PickUsual(Nouns[(int)group.Thing]);
        var color = random.PickUsual(Colors[(int)group.Color]);
        var size = group.Size == Size.Medium ? "" : $" and {random.PickUsual(Sizes[(int)group.Size])}";
        var detail = group.Count == 1 ? $"the {one} is {color}{size}" : $"{All(group.Count)} {many} are {color}{size}";
        return $"{Sentence($"{opening} {place}")} {Sentence(content)} {Sentence(detail)}";
    }

    private static string All(int count) => count == 2 ? "both" : "all " + Numbers[count];

    private static string Be(Scene scene, Intent intent)
    {
        var second = intent.Reversed && scene.Relation is not (Relation.Alone or Relation.Between);
        return scene.Groups[second ? 1 : 0].Count == 1 ? "is" : "are";
    }

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..] + ".";
}
