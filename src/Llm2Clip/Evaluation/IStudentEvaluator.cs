using Llm2Clip.Models;

namespace Llm2Clip.Evaluation;

/// <summary>What an evaluation found. <paramref name="Score"/> decides which checkpoint is best (higher is better).</summary>
/// <param name="Score">The number to compare by, such as mean text-to-image R@10 in 0..1.</param>
/// <param name="ScoreName">Its name for the log.</param>
/// <param name="Metrics">Everything worth recording, by tag such as <c>val/en/t2i_r10</c>.</param>
internal sealed record StudentScore(double Score, string ScoreName, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>What was encoded for it, by language; empty where it was not of pairs.</summary>
    public IReadOnlyList<ScoredPairs> Pairs { get; init; } = [];
}

/// <summary>Encoded images with their captions in one language.</summary>
/// <param name="Images">The images' vectors.</param>
/// <param name="Texts">The captions' vectors.</param>
/// <param name="ImageOfText">Number of each caption's image; captions of an image follow one another.</param>
/// <param name="Captions">The captions.</param>
/// <param name="TeacherVectors">The captions' teacher vectors, [captions, T] row by row.</param>
internal sealed record ScoredPairs(
    VectorSet Images, VectorSet Texts, IReadOnlyList<int> ImageOfText, IReadOnlyList<string> Captions, float[] TeacherVectors);

/// <summary>Evaluates the student during training.</summary>
internal interface IStudentEvaluator
{
    /// <summary>
    /// Called before training: throws <see cref="UserException"/> where an evaluation could not work, rather than hours later.
    /// </summary>
    void Check(CancellationToken cancellation)
    {
    }

    /// <summary>The student is in evaluation mode, with averaged weights where the run has an average.</summary>
    StudentScore Evaluate(Student student, CancellationToken cancellation);

    /// <summary>What an evaluation is at; may be asked by any thread.</summary>
    Activity Activity => default;
}
