using System.Numerics.Tensors;
using Llm2Clip.Models;

namespace Llm2Clip.Evaluation.Classification;

/// <summary>
/// Classification of labeled images by the nearest class mean: each feature has length 1, a class is the mean of the features of its other
/// images, and an image is of the class whose mean has the largest cosine. Nothing is trained and no text is needed, so that the number
/// says of any encoder, at any time, how well what it gives tells the classes apart. (Class means: https://arxiv.org/abs/1611.07725, where
/// they measure what a network forgets. Each image against the means of the others: leave one out, so that all images count.)
/// </summary>
internal static class ClassMeanProbe
{
    /// <summary>
    /// Share of images whose own class is the nearest, ties counting against it. Throws <see cref="InputException"/>, which names
    /// <paramref name="data"/>, where fewer than two classes have two images; images of classes with one do not count.
    /// </summary>
    /// <param name="features">A row per image.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="data">What the images are.</param>
    public static double Top1(VectorSet features, IReadOnlyList<string> labels, string data)
    {
        var counts = labels.CountBy(label => label).ToDictionary();
        string[] classes = [.. counts.Where(one => one.Value > 1).Select(one => one.Key).Order(StringComparer.Ordinal)];
        if (classes.Length < 2)
        {
            throw new InputException(
                $"{data}: {classes.Length} of {counts.Count} classes have two images, and class means need two such classes. "
                + "Name more images as clip_train.retention.data.");
        }
        int[] numbers = [.. labels.Select(label => Array.IndexOf(classes, label))];
        var sums = new float[classes.Length * features.Dimension];
        for (var image = 0; image < numbers.Length; image++)
        {
            if (numbers[image] >= 0)
            {
                var sum = sums.AsSpan(numbers[image] * features.Dimension, features.Dimension);
                TensorPrimitives.Add(sum, features[image], sum);
            }
        }
        var means = new VectorSet(sums, features.Dimension);
        int[] counted = [.. Enumerable.Range(0, numbers.Length).Where(image => numbers[image] >= 0)];
        return counted.Count(image => IsRight(features[image], numbers[image], sums, means)) / (double)counted.Length;
    }

    private static bool IsRight(ReadOnlySpan<float> feature, int own, float[] sums, VectorSet means)
    {
        var others = sums.AsSpan(own * feature.Length, feature.Length).ToArray();
        TensorPrimitives.Subtract(others, feature, others);
        var score = ScoreKernel.Dot(feature, new VectorSet(others, feature.Length)[0]);
        for (var c = 0; c < means.Count; c++)
        {
            if (c != own && ScoreKernel.Dot(feature, means[c]) >= score)
            {
                return false;
            }
        }
        return true;
    }
}

/// <summary>What a run must not lose (<c>clip_train.retention</c>): a share of labeled images that are recognized.</summary>
/// <param name="Name">What is measured, for the log.</param>
/// <param name="Top1">Measures it of a student as it is, in [0, 1].</param>
internal sealed record RetentionWatch(string Name, Func<Student, CancellationToken, double> Top1);
