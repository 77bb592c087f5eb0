using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;

namespace Llm2Clip.Models.Text;

/// <summary>
/// CLIP's vocabulary: ids of byte pairs, and the merges that make them, in the order of their ranks. A folder holds it as Hugging Face's
/// <c>vocab.json</c> with <c>merges.txt</c>, as its <c>tokenizer.json</c>, or as OpenAI's <c>bpe_simple_vocab_16e6.txt.gz</c>.
/// </summary>
internal sealed class ClipVocabulary
{
    public const string VocabularyName = "vocab.json";
    public const string MergesName = "merges.txt";
    public const string WholeName = "tokenizer.json";
    public const string OpenAiName = "bpe_simple_vocab_16e6.txt.gz";

    /// <summary>The token that begins every text.</summary>
    public const string Start = "<|startoftext|>";

    /// <summary>The token that ends every text, at which it is pooled.</summary>
    public const string End = "<|endoftext|>";

    /// <summary>What marks the last symbol of a word.</summary>
    public const string WordEnd = "</w>";

    /// <summary>Merges that OpenAI's tokenizer reads of its file (openai/CLIP d05afc4 clip/simple_tokenizer.py#L67).</summary>
    private const int OpenAiMerges = 49152 - 256 - 2;

    /// <summary>Bytes of a file of merges, unpacked; OpenAI's has 3 MB.</summary>
    private const int LargestFile = 32 << 20;

    private ClipVocabulary(string source, IReadOnlyDictionary<string, int> ids, IReadOnlyList<(string Left, string Right)> merges)
    {
        (Source, Ids, Merges) = (source, ids, merges);
        (StartId, EndId) = (Require(Start), Require(End));
        var bytes = ByteLetters();
        ByteIds = [.. bytes.Select(letter => Require(letter.ToString()))];
        LastByteIds = [.. bytes.Select(letter => Require(letter + WordEnd))];
    }

    /// <summary>File or folder, for messages.</summary>
    public string Source { get; }

    /// <summary>Id of each token.</summary>
    public IReadOnlyDictionary<string, int> Ids { get; }

    /// <summary>Pairs in the order of their ranks.</summary>
    public IReadOnlyList<(string Left, string Right)> Merges { get; }

    /// <summary>Id of <see cref="Start"/>.</summary>
    public int StartId { get; }

    /// <summary>Id of <see cref="End"/>.</summary>
    public int EndId { get; }

    /// <summary>Id of each byte within a word.</summary>
    public IReadOnlyList<int> ByteIds { get; }

    /// <summary>Id of each byte at the end of a word.</summary>
    public IReadOnlyList<int> LastByteIds { get; }

    /// <summary>One more than the largest id.</summary>
    public int Size => Ids.Values.Max() + 1;

    /// <summary>Whether a folder holds a vocabulary.</summary>
    public static bool IsIn(string folder) => Has(folder, VocabularyName) || Has(folder, WholeName) || Has(folder, OpenAiName);

    /// <summary>Reads the vocabulary of a model folder.</summary>
    /// <exception cref="InputException">The folder holds none, or it is damaged.</exception>
    public static ClipVocabulary Read(string folder)
    {
        string At(string name) => Path.Combine(folder, name);
        return Has(folder, VocabularyName) && Has(folder, MergesName) ? OfHuggingFace(At(VocabularyName), At(MergesName))
            : Has(folder, WholeName) ? OfWhole(At(WholeName))
            : Has(folder, OpenAiName) ? OfOpenAi(At(OpenAiName))
            : throw new InputException(
                $"{folder} holds no vocabulary of CLIP's tokenizer. Put {VocabularyName} and {MergesName} there, as Hugging Face's folders "
                + $"have them, or OpenAI's {OpenAiName}.");
    }

    /// <summary>OpenAI's file of merges: a heading, then a merge per line; ids follow from it.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static ClipVocabulary OfOpenAi(string path)
    {
        string[] lines;
        try
        {
            using var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            var bytes = new byte[LargestFile + 1];
            var length = packed.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            lines = length <= LargestFile
                ? Encoding.UTF8.GetString(bytes, 0, length).Split('\n')
                : throw new InvalidDataException($"it has more than {LargestFile >> 20} MB unpacked");
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read as a file of merges: {error.Message}", error);
        }
        return Of(path, [.. lines.Skip(1).Where(line => line.Length > 0).Take(OpenAiMerges).Select((line, i) => Pair(line, path, i + 2))]);
    }

    /// <summary>A vocabulary of merges, with ids as OpenAI counts them: bytes, bytes at the end of a word, merges, start, end.</summary>
    public static ClipVocabulary Of(string source, IReadOnlyList<(string Left, string Right)> merges)
    {
        var letters = ByteLetters().Order().ToList();
        // Printable bytes come first, in their order, as OpenAI's table has them.
        letters = [.. letters.Where(letter => letter < 0x100), .. letters.Where(letter => letter >= 0x100)];
        var tokens = letters.Select(letter => letter.ToString()).Concat(letters.Select(letter => letter + WordEnd))
            .Concat(merges.Select(pair => pair.Left + pair.Right)).Append(Start).Append(End);
        var ids = new Dictionary<string, int>();
        foreach (var (token, id) in tokens.Select((token, id) => (token, id)))
        {
            ids[token] = id;
        }
        return new ClipVocabulary(source, ids, merges);
    }

    /// <summary>Writes <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c>, which transformers opens.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="positions">Ids per text at most.</param>
    /// <param name="padding">What shorter texts are padded with.</param>
    public void Save(string folder, int positions, TextPadding padding = TextPadding.End)
    {
        DurableFolder.Create(folder);
        var ids = new JsonObject(Ids.OrderBy(pair => pair.Value).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        ModelFolder.WriteJson(Path.Combine(folder, VocabularyName), ids);
        PendingFile.Write(
            Path.Combine(folder, MergesName), "#version: 0.2\n" + string.Concat(Merges.Select(pair => $"{pair.Left} {pair.Right}\n")));
        ModelFolder.WriteJson(Path.Combine(folder, "tokenizer_config.json"), new JsonObject
        {
            ["bos_token"] = Start,
            ["do_lower_case"] = true,
            ["eos_token"] = End,
            ["errors"] = "replace",
            ["model_max_length"] = positions,
            ["pad_token"] = padding == TextPadding.End ? End : Ids.First(pair => pair.Value == 0).Key,
            ["tokenizer_class"] = "CLIPTokenizer",
            ["unk_token"] = End,
        });
    }

    /// <summary>
    /// A printable character for each byte: itself where it is printable, others from U+0100 on (openai/CLIP d05afc4
    /// clip/simple_tokenizer.py#L16).
    /// </summary>
    private static char[] ByteLetters()
    {
        var letters = new char[256];
        var next = '\u0100';
        for (var i = 0; i < letters.Length; i++)
        {
            letters[i] = i is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)i : next++;
        }
        return letters;
    }

    private static ClipVocabulary OfHuggingFace(string vocabulary, string merges)
    {
        var ids = IdsOf(JsonKeys.ReadObject(vocabulary, "a vocabulary"), vocabulary);
        string[] lines = ReadLines(merges);
        var pairs = lines.Select((line, i) => (Line: line, Number: i + 1))
            .Where(line => line.Line.Length > 0 && !line.Line.StartsWith("#version", StringComparison.Ordinal))
            .Select(line => Pair(line.Line, merges, line.Number));
        return new ClipVocabulary(vocabulary, ids, [.. pairs]);
    }

    private static ClipVocabulary OfWhole(string path)
    {
        var model = JsonKeys.ReadObject(path, "a tokenizer")["model"] as JsonObject;
        if (model?["vocab"] is not JsonObject vocabulary || model["merges"] is not JsonArray merges)
        {
            throw new InputException($"{path} holds no model of byte pairs (vocab and merges).");
        }
        var pairs = merges.Select((merge, i) => merge switch
        {
            JsonArray { Count: 2 } pair when pair.All(IsText) => (pair[0]!.GetValue<string>(), pair[1]!.GetValue<string>()),
            JsonValue when IsText(merge) => Pair(merge.GetValue<string>(), path, i + 1),
            _ => throw new InputException($"{path}: merge {i + 1} is no pair of symbols."),
        });
        return new ClipVocabulary(path, IdsOf(vocabulary, path), [.. pairs]);

        static bool IsText(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String;
    }

    private static Dictionary<string, int> IdsOf(JsonObject json, string path)
    {
        var ids = new Dictionary<string, int>(json.Count);
        foreach (var (token, node) in json)
        {
            ids[token] = node is JsonValue value && value.TryGetValue<int>(out var id) && id is >= 0 and < 1 << 24
                ? id
                : throw new InputException($"{path}: the id of '{token}' is {node?.ToJsonString() ?? "null"}; it must be a whole number.");
        }
        return ids;
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read: {error.Message}", error);
        }
    }

    private static (string Left, string Right) Pair(string line, string path, int number) =>
        line.TrimEnd('\r').Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
            ? (left, right)
            : throw new InputException($"{path}, line {number}: a merge is two symbols with a blank between them.");

    private static bool Has(string folder, string name) => File.Exists(Path.Combine(folder, name));

    private int Require(string token) => Ids.TryGetValue(token, out var id)
        ? id
        : throw new InputException($"{Source} has no token '{token}', so it is no vocabulary of CLIP's tokenizer.");
}
