namespace Llm2Clip.MakeQuickStart;

/// <summary>The shape of a caption; every language has its own ways to fill it.</summary>
public enum Form
{
    /// <summary>A noun phrase: "three red stars above a boat".</summary>
    Phrase,

    /// <summary>A sentence: "Three red stars are above a boat."</summary>
    Sentence,

    /// <summary>"There are ..."</summary>
    There,

    /// <summary>"The picture shows ..."</summary>
    Shows,

    /// <summary>The place first: "In the sky there are ..."</summary>
    PlaceFirst,

    /// <summary>Several sentences that say everything.</summary>
    Paragraph,
}

/// <summary>What a caption is going to say about a scene, whatever its language.</summary>
/// <param name="Form">Its shape.</param>
/// <param name="NamePlace">Whether it says where the scene plays (a <see cref="Form.PlaceFirst"/> or <see cref="Form.Paragraph"/> always
/// does).</param>
/// <param name="Reversed">Whether it starts from the second group: "a boat below three stars".</param>
/// <param name="Detail">A paragraph dwells on the group of this number, counted modulo the number of groups.</param>
public sealed record Intent(Form Form, bool NamePlace, bool Reversed, int Detail)
{
    /// <summary>An intent for a short caption; most name the place.</summary>
    public static Intent DrawShort(SceneRandom random) =>
        new((Form)random.Weighted([0.35, 0.25, 0.15, 0.1, 0.15]), random.Chance(0.7), random.Chance(0.4), 0);

    /// <summary>An intent for a long caption.</summary>
    public static Intent DrawLong(SceneRandom random) => new(Form.Paragraph, true, random.Chance(0.4), random.Next(6));
}

/// <summary>Says scenes in one language.</summary>
public interface IGrammar
{
    /// <summary>Label in data files: en, de, zh.</summary>
    string Language { get; }

    /// <summary>One caption; <paramref name="random"/> picks among synonyms and word orders.</summary>
    string Write(Scene scene, Intent intent, SceneRandom random);

    /// <summary>The bare description of a group, such as "two small red stars".</summary>
    string Describe(Group group, SceneRandom random);

    /// <summary>The place alone, such as "on the beach".</summary>
    string Describe(Place place, SceneRandom random);

    /// <summary>
    /// The forms of every concept (number, size, color, thing, place, relation), concepts in the same order in every grammar; a list is
    /// empty where this language says nothing.
    /// </summary>
    IReadOnlyList<IReadOnlyList<string>> Concepts { get; }
}

/// <summary>The grammars of the quick start.</summary>
public static class Grammars
{
    /// <summary>The language that training captions are in.</summary>
    public static readonly IGrammar English = new EnglishGrammar();

    /// <summary>Evaluation only.</summary>
    public static readonly IGrammar German = new GermanGrammar();

    /// <summary>Evaluation only.</summary>
    public static readonly ChineseGrammar Chinese = new();

    /// <summary>All three.</summary>
    public static readonly IReadOnlyList<IGrammar> All = [English, German, Chinese];
}
