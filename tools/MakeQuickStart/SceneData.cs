namespace Llm2Clip.MakeQuickStart;

/// <summary>One image of the quick start's data set: what it shows, how it looks, and what is said about it.</summary>
/// <param name="Key">Name within the data set.</param>
/// <param name="Scene">Its meaning.</param>
/// <param name="Pixels">RGB, <see cref="SceneRenderer.ImageSize"/> squared times three bytes, before the PNG's palette.</param>
/// <param name="Captions">For each language its short captions and its long ones.</param>
public sealed record SceneSample(string Key, Scene Scene, byte[] Pixels, IReadOnlyDictionary<string, SceneCaptions> Captions);

/// <summary>The captions of one image in one language.</summary>
public sealed record SceneCaptions(IReadOnlyList<string> Short, IReadOnlyList<string> Long);

/// <summary>One image of a single thing somewhere, for classification by place.</summary>
/// <param name="Key">Name within the data set.</param>
/// <param name="Place">Where the thing is: the class.</param>
/// <param name="Pixels">RGB, as in <see cref="SceneSample"/>.</param>
public sealed record PlaceSample(string Key, Place Place, byte[] Pixels);

/// <summary>
/// The data set of the quick start as a function of its seed. Validation scenes differ from each other and from all training
/// scenes in meaning, not only in pixels; training images have English captions alone.
/// </summary>
public sealed class SceneData
{
    private const int ShortCaptions = 3;
    private readonly ulong _seed;
    private readonly HashSet<string> _validationKeys = [];
    private readonly List<(Scene Scene, SceneRandom Random)> _validation = [];

    /// <summary>Draws the validation scenes, so that everything else can keep clear of them.</summary>
    public SceneData(ulong seed, int validationCount)
    {
        _seed = seed;
        for (var i = 0; i < validationCount; i++)
        {
            var random = SceneRandom.For(seed, 1, (ulong)i);
            Scene scene;
            do
            {
                scene = SceneSampler.Draw(random);
            }
            while (!_validationKeys.Add(scene.Key));
            _validation.Add((scene, random));
        }
    }

    /// <summary>Number of validation images.</summary>
    public int ValidationCount => _validation.Count;

    /// <summary>A validation image with captions in all languages.</summary>
    public SceneSample Validation(int index)
    {
        var (scene, random) = _validation[index];
        return Make($"val-{index:D4}", scene, random, Grammars.All);
    }

    /// <summary>A training image with English captions.</summary>
    public SceneSample Training(int index)
    {
        var random = SceneRandom.For(_seed, 2, (ulong)index);
        return Make($"train-{index:D5}", DrawScene(random), random, [Grammars.English]);
    }

    /// <summary>A labeled image: the places take turns, all else is drawn.</summary>
    /// <param name="split">Which of the labeled sets, such as <c>train</c>; they share no random numbers.</param>
    /// <param name="stream">Number of the set.</param>
    /// <param name="index">Number of the image.</param>
    public PlaceSample Labeled(string split, ulong stream, int index)
    {
        var random = SceneRandom.For(_seed, stream, (ulong)index);
        var place = (Place)(index % Enum.GetValues<Place>().Length);
        var scene = SceneSampler.DrawAlone(random, place);
        return new PlaceSample($"places-{split}-{index:D4}", place, SceneRenderer.Render(scene, random));
    }

    /// <summary>A scene that is no validation scene.</summary>
    public Scene DrawScene(SceneRandom random)
    {
        Scene scene;
        do
        {
            scene = SceneSampler.Draw(random);
        }
        while (_validationKeys.Contains(scene.Key));
        return scene;
    }

    private static SceneSample Make(string key, Scene scene, SceneRandom random, IReadOnlyList<IGrammar> grammars)
    {
        // A copy of the state, so that asking twice gives the same answer.
        random = random.Copy();
        var pixels = SceneRenderer.Render(scene, random);
        var captions = grammars.ToDictionary(grammar => grammar.Language, grammar => Say(grammar, scene, random));
        return new SceneSample(key, scene, pixels, captions);
    }

    private static SceneCaptions Say(IGrammar grammar, Scene scene, SceneRandom random)
    {
        var texts = new List<string>();
        for (var tries = 0; texts.Count < ShortCaptions; tries++)
        {
            var text = grammar.Write(scene, Intent.DrawShort(random), random);
            if (!texts.Contains(text) || tries > 20)
            {
                texts.Add(text);
            }
        }
        return new SceneCaptions(texts, [grammar.Write(scene, Intent.DrawLong(random), random)]);
    }
}
