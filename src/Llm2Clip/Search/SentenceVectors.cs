using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Search;

/// <summary>The one road of sentences that are searched for, or embedded for other programs.</summary>
internal static class SentenceVectors
{
    /// <summary>
    /// Rows of length 1 [N, D] of sentences of one language, whose own mean is taken out where the teacher has one, else that of the
    /// training captions.
    /// </summary>
    public static float[] Of(
        Student student, Teacher teacher, IReadOnlyList<string> texts, string language, CancellationToken cancellation)
    {
        var mode = teacher.Adapter?.OwnMean(language) is null ? CenteringMode.Training : CenteringMode.Own;
        return student.EncodeTexts(teacher.Embed(texts, language, mode, SilentLog.Instance, cancellation).Vectors, texts.Count);
    }

    /// <summary>The language of sentences; one that the teacher knows is likelier. English where they have no letter.</summary>
    public static string Detect(Teacher teacher, IEnumerable<string> texts)
    {
        var known = teacher.Adapter?.Means.Languages.Select(mean => mean.Language) ?? [];
        return LanguageDetector.Instance.Detect(texts, [.. known]) ?? "en";
    }
}
