namespace Llm2Clip.MakeQuickStart;

/// <summary>German captions: articles, adjective endings and plurals agree with gender, number and case.</summary>
public sealed class GermanGrammar : IGrammar
{
    private enum Case
    {
        Nominative, Accusative, Dative,
    }

    private enum Gender
    {
        Masculine, Feminine, Neuter,
    }

    /// <summary>
    /// A noun; plural datives end in n or s (the rule of <see cref="Form"/>), <paramref name="DativeOne"/> only where it differs.
    /// </summary>
    private sealed record Noun(Gender Gender, string One, string Many, string? DativeOne = null)
    {
        public string Form(bool plural, Case form) => (plural, form) switch
        {
            (false, Case.Dative) => DativeOne ?? One,
            (false, _) => One,
            (true, Case.Dative) => Many[^1] is 'n' or 's' ? Many : Many + "n",
            _ => Many,
        };
    }

    private static Noun M(string one, string many) => new(Gender.Masculine, one, many);

    private static Noun F(string one, string many) => new(Gender.Feminine, one, many);

    private static Noun N(string one, string many, string? dativeOne = null) => new(Gender.Neuter, one, many, dativeOne);

    private static readonly string[] Numbers = ["", "", "zwei", "drei", "vier", "fünf"];

    /// <summary>Stems; the ending follows.</summary>
    private static readonly string[][] Sizes = [["klein", "winzig"], [], ["groß", "riesig"]];

    /// <summary>Stems; "rosa" and "lila" never take an ending.</summary>
    private static readonly string[][] Colors =
    [
        ["rot"], ["orangefarben"], ["gelb"], ["grün"], ["blau"], ["violett", "lila"], ["rosa", "pinkfarben"], ["weiß"], ["schwarz"],
        ["braun"],
    ];

    private static readonly Noun[][] Nouns =
    [
        [M("Kreis", "Kreise"), F("Scheibe", "Scheiben")], [N("Quadrat", "Quadrate")], [N("Dreieck", "Dreiecke")], [M("Stern", "Sterne")],
        [N("Herz", "Herzen", "Herzen")], [N("Kreuz", "Kreuze")], [M("Ring", "Ringe"), M("Reifen", "Reifen")], [F("Raute", "Rauten")],
        [M("Baum", "Bäume")], [N("Haus", "Häuser"), F("Hütte", "Hütten")], [N("Auto", "Autos"), M("Wagen", "Wagen")],
        [N("Boot", "Boote"), N("Schiff", "Schiffe")], [M("Fisch", "Fische")], [F("Sonne", "Sonnen")], [M("Mond", "Monde")],
        [F("Blume", "Blumen"), F("Blüte", "Blüten")], [F("Tasse", "Tassen"), M("Becher", "Becher")],
        [M("Luftballon", "Luftballons"), M("Ballon", "Ballons")],
        [M("Regenschirm", "Regenschirme"), M("Schirm", "Schirme")], [M("Pilz", "Pilze")], [F("Fahne", "Fahnen"), F("Flagge", "Flaggen")],
        [M("Schlüssel", "Schlüssel")], [M("Vogel", "Vögel")], [M("Apfel", "Äpfel")],
    ];

    private static readonly string[][] Places =
    [
        ["auf der Wiese", "im Gras", "auf einer grünen Wiese"], ["am Himmel", "am blauen Himmel"],
        ["auf dem Meer", "auf dem Wasser", "auf See"],
        ["am Strand", "auf dem Sand"], ["in der Nacht", "am Nachthimmel", "im Dunkeln"], ["im Schnee", "auf dem Schnee"],
        ["im Wald", "in einem Wald"], ["auf der Straße", "auf der Fahrbahn"],
    ];

    private static readonly string[] Endings = ["e", "er", "es", "en", ""];

    private static readonly string[] Left = ["links von", "auf der linken Seite von"];
    private static readonly string[] Right = ["rechts von", "auf der rechten Seite von"];
    private static readonly string[] Above = ["über", "oberhalb von"];
    private static readonly string[] Below = ["unter", "unterhalb von"];
    private static readonly string[] Inside = ["in", "mitten in", "innerhalb von"];

    public string Language => "de";

    public string Describe(Group group, SceneRandom random) => Name(group, Case.Nominative, random);

    public string Describe(Place place, SceneRandom random) => random.PickUsual(Places[(int)place]);

    public string Write(Scene scene, Intent intent, SceneRandom random)
    {
        var place = Describe(scene.Place, random);
        var tail = intent.NamePlace ? " " + place : "";
        return intent.Form switch
        {
            Form.Phrase => Whole(scene, intent, Case.Nominative, random) + tail,
            Form.Sentence => Sentence(Statement(scene, intent, random, intent.NamePlace ? place : null)),
            Form.There => Sentence($"es gibt {Whole(scene, intent, Case.Accusative, random)}{tail}"),
            Form.Shows => Sentence(
                $"{random.Pick(["das Bild zeigt", "man sieht", "wir sehen"])} {Whole(scene, intent, Case.Accusative, random)}{tail}"),
            Form.PlaceFirst => Sentence($"{place} {Be(scene, intent)} {Whole(scene, intent, Case.Nominative, random)}"),
            _ => Paragraph(scene, intent, place, random),
        };
    }

    public IReadOnlyList<IReadOnlyList<string>> Concepts { get; } =
    [
        .. Numbers.Skip(2).Select(number => new[] { number }),
        .. Sizes.Concat(Colors)
            .Select(stems => stems.SelectMany(stem => Endings.Select(ending => Inflect(stem, ending))).Distinct().ToArray()),
        .. Nouns.Select(nouns => nouns.SelectMany(Forms).Distinct().ToArray()),
        .. Places,
        Left, Right, Above, Below, Inside, ["zwischen"],
    ];

    private static IEnumerable<string> Forms(Noun noun) =>
        [noun.One, noun.Many, noun.Form(false, Case.Dative), noun.Form(true, Case.Dative)];

    private static string Inflect(string stem, string ending) => stem is "rosa" or "lila" ? stem : stem + ending;

    private static string Name(Group group, Case form, SceneRandom random)
    {
        var noun = random.PickUsual(Nouns[(int)group.Thing]);
        var plural = group.Count > 1;
        var ending = plural ? (form == Case.Dative ? "en" : "e") : Ending(noun.Gender, form);
        var words = new List<string> { plural ? Numbers[group.Count] : Article(noun.Gender, form) };
        if (group.Size != Size.Medium)
        {
            words.Add(Inflect(random.PickUsual(Sizes[(int)group.Size]), ending));
        }
        words.Add(Inflect(random.PickUsual(Colors[(int)group.Color]), ending));
        words.Add(noun.Form(plural, form));
        return string.Join(' ', words);
    }

    private static string Article(Gender gender, Case form) => (gender, form) switch
    {
        (Gender.Masculine, Case.Accusative) => "einen",
        (Gender.Feminine, Case.Dative) => "einer",
        (_, Case.Dative) => "einem",
        (Gender.Feminine, _) => "eine",
        _ => "ein",
    };

    /// <summary>Mixed declension, after "ein".</summary>
    private static string Ending(Gender gender, Case form) => (gender, form) switch
    {
        (_, Case.Dative) or (Gender.Masculine, Case.Accusative) => "en",
        (Gender.Masculine, _) => "er",
        (Gender.Feminine, _) => "e",
        _ => "es",
    };

    private static string Whole(Scene scene, Intent intent, Case form, SceneRandom random)
    {
        var (first, second) = Order(scene, intent);
        var head = Name(first, form, random);
        return scene.Relation switch
        {
            Relation.Alone => head,
            Relation.Inside when intent.Reversed => $"{head} mit {Name(scene.Groups[0], Case.Dative, random)} darin",
            _ => $"{head} {Where(scene, intent, second!, random)}",
        };
    }

    private static string Statement(Scene scene, Intent intent, SceneRandom random, string? place)
    {
        // "mit ... darin" has no verb form: a container is always the place of what is in it.
        intent = scene.Relation == Relation.Inside ? intent with { Reversed = false } : intent;
        var (first, second) = Order(scene, intent);
        var name = Name(first, Case.Nominative, random);
        var tail = place is null ? "" : " " + place;
        if (scene.Relation == Relation.Alone)
        {
            return $"{name} {Be(scene, intent)}{tail} zu sehen";
        }
        var verb = random.Chance(0.6) ? Be(scene, intent) : first.Count == 1 ? "befindet sich" : "befinden sich";
        return $"{name} {verb}{tail} {Where(scene, intent, second!, random)}";
    }

    /// <summary>The relation with its other end in the dative.</summary>
    private static string Where(Scene scene, Intent intent, Group other, SceneRandom random)
    {
        if (scene.Relation == Relation.Between)
        {
            var (one, two) = intent.Reversed ? (scene.Groups[2], scene.Groups[1]) : (scene.Groups[1], scene.Groups[2]);
            return $"zwischen {Name(one, Case.Dative, random)} und {Name(two, Case.Dative, random)}";
        }
        var links = (scene.Relation, intent.Reversed) switch
        {
            (Relation.LeftOf, false) => Left,
            (Relation.LeftOf, true) => Right,
            (Relation.Above, false) => Above,
            (Relation.Above, true) => Below,
            _ => Inside,
        };
        return $"{random.PickUsual(links)} {Name(other, Case.Dative, random)}";
    }

    /// <summary>The group that a caption starts from, and the other end of the relation.</summary>
    private static (Group First, Group? Second) Order(Scene scene, Intent intent) => scene.Relation switch
    {
        Relation.Alone => (scene.Groups[0], null),
        Relation.Between => (scene.Groups[0], scene.Groups[1]),
        _ => intent.Reversed ? (scene.Groups[1], scene.Groups[0]) : (scene.Groups[0], scene.Groups[1]),
    };

    private static string Be(Scene scene, Intent intent) => Order(scene, intent).First.Count == 1 ? "ist" : "sind";

    private static string Paragraph(Scene scene, Intent intent, string place, SceneRandom random)
    {
        var opening = random.Pick(["dieses Bild zeigt eine Szene", "die Szene spielt", "wir sind"]);
        var content = scene.Relation == Relation.Alone
            ? $"es gibt {Name(scene.Groups[0], Case.Accusative, random)} und sonst nichts"
            : Statement(scene, intent, random, null);
        var group = scene.Groups[intent.Detail % scene.Groups.Count];
        var noun = random.PickUsual(Nouns[(int)group.Thing]);
        var color = random.PickUsual(Colors[(int)group.Color]);
        var size = group.Size == Size.Medium ? "" : $" und {random.PickUsual(Sizes[(int)group.Size])}";
        var article = noun.Gender switch { Gender.Masculine => "der", Gender.Feminine => "die", _ => "das" };
        var detail = group.Count == 1 ? $"{article} {noun.One} ist {color}{size}" : $"{All(group.Count)} {noun.Many} sind {color}{size}";
        return $"{Sentence($"{opening} {place}")} {Sentence(content)} {Sentence(detail)}";
    }

    private static string All(int count) => count == 2 ? "beide" : "alle " + Numbers[count];

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..] + ".";
}
