namespace Llm2Clip.Evaluation;

/// <summary>Names under which a training's metrics have recall, in percent; the charts of its report go by them.</summary>
internal static class RecallMetrics
{
    /// <summary>Adds the recalls of both directions.</summary>
    /// <param name="metrics">Where to.</param>
    /// <param name="name">Which captions: a language, or a kind.</param>
    /// <param name="result">What was found.</param>
    public static void Add(IDictionary<string, double> metrics, string name, RetrievalResult result)
    {
        for (var i = 0; i < RecallNumbers.Depths.Length; i++)
        {
            metrics[$"val/{name} text to image/R@{RecallNumbers.Depths[i]} %"] = 100 * result.TextToImage.Recalls[i];
            metrics[$"val/{name} image to text/R@{RecallNumbers.Depths[i]} %"] = 100 * result.ImageToText.Recalls[i];
        }
    }
}
