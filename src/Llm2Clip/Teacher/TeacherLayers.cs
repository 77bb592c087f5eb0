using System.Globalization;

namespace Llm2Clip.Teachers;

/// <summary>A place in the LLM whose states are read, and what the tokens see on the way there.</summary>
/// <param name="Block">
/// 0 = the token embeddings as they enter the first block, scaled where the model scales them; n = the output of block n, counted from 1;
/// <see cref="Final"/> = the output of the final norm.
/// </param>
/// <param name="Attention">Of no meaning for 0.</param>
internal readonly record struct TeacherLayer(int Block, TeacherAttention Attention)
{
    /// <summary>Behind all blocks and the final norm.</summary>
    public const int Final = int.MaxValue;

    /// <summary>The token embeddings: the same with either attention.</summary>
    public static readonly TeacherLayer Embeddings = default;

    /// <summary>Whether each token's state is divided by its root mean square. The final norm has done so already.</summary>
    public bool IsScaled => Block != Final;

    /// <summary>As tables name it: with its attention, but for the token embeddings, which have none.</summary>
    public override string ToString() => Block == 0 ? "0" : $"{Name} {TeacherLayers.Word(Attention)}";

    /// <summary>Its number, or <c>final</c>.</summary>
    internal string Name => Block == Final ? TeacherLayers.FinalOnly : Block.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// The text of <c>teacher.layers</c>: places with commas between them, each with an attention or with that of <c>teacher.attention</c>,
/// such as <c>13, 13 causal, 0</c>. The vectors of a text at these places lie side by side in this order.
/// </summary>
internal static class TeacherLayers
{
    /// <summary>The default: what the model gives to its output head.</summary>
    public const string FinalOnly = "final";

    /// <summary>cc-finetune chooses.</summary>
    public const string Auto = "auto";

    /// <summary>Every place with either attention, for a comparison.</summary>
    public const string All = "all";

    private static readonly TeacherAttention[] Attentions = [TeacherAttention.Bidirectional, TeacherAttention.Causal];

    /// <summary>
    /// The places that a text names. Throws <see cref="ConfigException"/>, naming <paramref name="key"/>, where there is a problem
    /// (<see cref="Problem"/>).
    /// </summary>
    public static IReadOnlyList<TeacherLayer> Parse(string text, TeacherAttention attention, string key = "teacher.layers") =>
        Problem(text, attention) is { } problem
            ? throw new ConfigException($"{key} {problem}.")
            : [.. text.Split(',').Select(part => One(part, attention)!.Value)];

    /// <summary>What is wrong with a text, as the end of a sentence that begins with its key; null for nothing.</summary>
    /// <param name="text">The text.</param>
    /// <param name="attention">That of places without one; null = not known yet, so that nothing is called twice there.</param>
    public static string? Problem(string text, TeacherAttention? attention)
    {
        var found = new List<TeacherLayer>();
        foreach (var part in text.Split(','))
        {
            if (One(part, attention ?? default) is not { } layer)
            {
                return $"is '{text}', and '{part.Trim()}' in it is no layer; a layer is 0 (the token embeddings), the number of a block or "
                    + "final, and behind a block or final there may be causal or bidirectional, such as '13, 13 causal, 0'";
            }
            if (attention is not null && found.Contains(layer))
            {
                return $"is '{text}', which names {layer} twice";
            }
            found.Add(layer);
        }
        return null;
    }

    /// <summary>The text of places; an attention that is <paramref name="attention"/> is left out.</summary>
    public static string Text(IEnumerable<TeacherLayer> layers, TeacherAttention attention) => string.Join(
        ", ", layers.Select(layer => layer.Attention == attention ? layer.Name : layer.ToString()));

    /// <summary>All places of a model with so many blocks: the embeddings, then the blocks and the end with either attention.</summary>
    public static IReadOnlyList<TeacherLayer> Of(int blocks) =>
    [
        TeacherLayer.Embeddings,
        .. Attentions.SelectMany(attention => Enumerable.Range(1, blocks).Append(TeacherLayer.Final)
            .Select(block => new TeacherLayer(block, attention))),
    ];

    /// <summary>
    /// Runs that give the states of all places: one for each attention, with the places that it gives. The token embeddings are the same in
    /// each, and read in the first; with nothing else it has the attention <paramref name="standard"/>.
    /// </summary>
    internal static IReadOnlyList<(TeacherAttention Attention, int[] Places)> Runs(
        IReadOnlyList<TeacherLayer> layers, TeacherAttention standard)
    {
        var first = layers.FirstOrDefault(layer => layer.Block > 0, new TeacherLayer(0, standard)).Attention;
        return
        [
            .. Enumerable.Range(0, layers.Count).GroupBy(place => layers[place].Block > 0 ? layers[place].Attention : first)
                .Select(run => (run.Key, run.ToArray())),
        ];
    }

    /// <summary>Throws <see cref="ConfigException"/> where a block is named that the model does not have.</summary>
    /// <param name="blocks">As <see cref="TeacherLayer.Block"/> counts.</param>
    /// <param name="count">Blocks of the model.</param>
    /// <param name="model">The model, for the message.</param>
    internal static void RequireBlocks(IEnumerable<int> blocks, int count, string model)
    {
        foreach (var block in blocks.Where(block => block != TeacherLayer.Final && block > count))
        {
            throw new ConfigException(
                $"teacher.layers names block {block}, and {model} has {count}: name 0 (the token embeddings), 1 to {count}, or final.");
        }
    }

    /// <summary>An attention as it is written.</summary>
    internal static string Word(TeacherAttention attention) => attention == TeacherAttention.Causal ? "causal" : "bidirectional";

    private static TeacherLayer? One(string part, TeacherAttention attention)
    {
        var words = part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is not (1 or 2))
        {
            return null;
        }
        int? block = words[0] == FinalOnly ? TeacherLayer.Final
            : int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < TeacherLayer.Final
                ? number
            : null;
        if (block is not { } place || (place == 0 && words.Length == 2))
        {
            return null;
        }
        return place == 0 ? TeacherLayer.Embeddings
            : words.Length == 1 ? new TeacherLayer(place, attention)
            : Attentions.Where(named => Word(named) == words[1]).Select(named => (TeacherLayer?)new TeacherLayer(place, named))
                .FirstOrDefault();
    }
}
