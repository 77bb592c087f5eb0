namespace Llm2Clip.MakeQuickStart;

/// <summary>
/// The text that the tiny language model learns from: endless documents of a few lines, each line in one language, made by
/// the grammars from random scenes that are no validation scenes. The next line says the same as the one before, so
/// predicting it rewards states that hold the meaning whatever the language. In some, words of the languages stand in for each
/// other, which gives a word and its translations the same neighbors, and so alike embeddings.
/// </summary>
public sealed class TextCorpus(SceneData data, ulong seed)
{
    /// <summary>Document of the given number: its lines, with their languages.</summary>
    public IReadOnlyList<(string Language, string Text)> Document(long index)
    {
        var random = SceneRandom.For(seed, 3, (ulong)index);
        return random.Weighted([0.3, 0.1, 0.25, 0.35]) switch
        {
            0 => Translation(random),
            1 => Glossary(random),
            2 => Retelling(random),
            _ => Mixture(random),
        };
    }

    /// <summary>One caption in all languages, in any order.</summary>
    private List<(string, string)> Translation(SceneRandom random)
    {
        var scene = data.DrawScene(random);
        var intent = random.Chance(0.25) ? Intent.DrawLong(random) : Intent.DrawShort(random);
        return [.. Shuffled(random).Select(grammar => (grammar.Language, grammar.Write(scene, intent, random)))];
    }

    /// <summary>A few things and places, each in all languages.</summary>
    private List<(string, string)> Glossary(SceneRandom random)
    {
        var lines = new List<(string, string)>();
        var scene = data.DrawScene(random);
        foreach (var group in scene.Groups)
        {
            lines.AddRange(Shuffled(random).Select(grammar => (grammar.Language, grammar.Describe(group, random))));
        }
        lines.AddRange(Shuffled(random).Select(grammar => (grammar.Language, grammar.Describe(scene.Place, random))));
        return lines;
    }

    /// <summary>Captions of one scene in other words, the language chosen anew for each.</summary>
    private List<(string, string)> Retelling(SceneRandom random)
    {
        var scene = data.DrawScene(random);
        var lines = new List<(string, string)>();
        for (var count = 2 + random.Next(3); count > 0; count--)
        {
            var grammar = random.Pick(Grammars.All);
            var intent = random.Chance(0.2) ? Intent.DrawLong(random) : Intent.DrawShort(random);
            lines.Add((grammar.Language, grammar.Write(scene, intent, random)));
        }
        return lines;
    }

    /// <summary>A retelling in which about half of the words are replaced by their translation, where they stand.</summary>
    private List<(string, string)> Mixture(SceneRandom random) =>
        [.. Retelling(random).Select(line => ("mixed", MixedText.Mix(line.Item2, line.Item1, random)))];

    private static List<IGrammar> Shuffled(SceneRandom random)
    {
        var order = Grammars.All.ToList();
        random.Shuffle(order);
        return order;
    }
}
