using System.Numerics.Tensors;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>Text features [count, dim] of prompts of a language, row-major.</summary>
internal delegate float[] EmbedPrompts(IReadOnlyList<string> prompts);

/// <summary>
/// A vector per class: the mean of the features of its prompts, each of length 1, itself normalized
/// (https://arxiv.org/abs/2103.00020, section 3.1.4).
/// </summary>
internal static class ClassVectors
{
    /// <summary>Prompts embedded at a time, or those of one class where it has more.</summary>
    private const int Block = 4096;

    /// <summary>The vectors of all classes of a file in one language.</summary>
    public static VectorSet Of(ClassFile file, string language, int dimension, EmbedPrompts embed)
    {
        var means = new float[file.Classes.Count * dimension];
        var (prompts, owner) = (new List<string>(), new List<int>());
        for (var c = 0; c < file.Classes.Count; c++)
        {
            var own = file.Prompts(c, language);
            if (prompts.Count > 0 && prompts.Count + own.Count > Block)
            {
                Add();
            }
            prompts.AddRange(own);
            owner.AddRange(Enumerable.Repeat(c, own.Count));
        }
        Add();
        return new VectorSet(means, dimension);

        void Add()
        {
            var rows = new VectorSet(embed(prompts), dimension);
            for (var i = 0; i < rows.Count; i++)
            {
                // The sum has the mean's direction.
                var sum = means.AsSpan(owner[i] * dimension, dimension);
                TensorPrimitives.Add(sum, rows[i], sum);
            }
            prompts.Clear();
            owner.Clear();
        }
    }
}
