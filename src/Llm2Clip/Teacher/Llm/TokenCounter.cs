namespace Llm2Clip.Teachers.Llm;

/// <summary>
/// Lengths of texts in a teacher's tokens; the vocabulary is loaded, the weights are not. Safe to call from several threads.
/// </summary>
internal sealed class TokenCounter : IDisposable
{
    /// <summary>Longer than any row, so that nothing is cut.</summary>
    private const int Unlimited = int.MaxValue;

    private readonly LlamaModel _model;
    private readonly ThreadLocal<CaptionTokenizer> _tokenizers;

    private TokenCounter(LlamaModel model, TeacherSettings settings)
    {
        _model = model;
        // A tokenizer remembers the pieces it has met, and is one thread's.
        _tokenizers = new(() => new CaptionTokenizer(model, settings.Template, settings.Instruction, Unlimited));
        Limit = Math.Min(settings.MaxLength, model.ContextLength);
    }

    /// <summary>Tokens of a row at most; longer texts lose their right end.</summary>
    public int Limit { get; }

    /// <summary>
    /// Opens a teacher folder or a bare GGUF file. Throws <see cref="InputException"/> where it is missing or damaged,
    /// <see cref="ConfigException"/> where the template makes no sense.
    /// </summary>
    public static TokenCounter Open(string folderOrGguf, TeacherConfig overrides)
    {
        var (gguf, settings) = (folderOrGguf, new TeacherSettings());
        if (Directory.Exists(folderOrGguf))
        {
            var folder = TeacherFolder.Find(folderOrGguf);
            var manifest = TeacherFolder.Read(folder);
            (gguf, settings) = (TeacherFolder.ResolveGguf(folder, manifest), manifest.Settings);
        }
        var counter = new TokenCounter(LlamaModel.LoadVocabulary(gguf), settings.With(overrides));
        try
        {
            counter.Count("a"); // A bad template shows here and not in a worker.
            return counter;
        }
        catch
        {
            counter.Dispose();
            throw;
        }
    }

    /// <summary>Tokens of the whole row: BOS, template and text. Throws <see cref="InputException"/> for a blank text.</summary>
    public int Count(string text) => _tokenizers.Value!.Tokenize(text).Tokens.Length;

    public void Dispose()
    {
        _tokenizers.Dispose();
        _model.Dispose();
    }
}
