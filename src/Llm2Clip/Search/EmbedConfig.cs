using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;

namespace Llm2Clip.Search;

/// <summary>The <c>embed</c> section of a run file: vectors of images or of sentences, for other programs.</summary>
public sealed record EmbedConfig : ICheckedConfig
{
    [Description("Images to embed, written like data.train; captions are not needed. Empty where texts names sentences.")]
    public string Data { get; init; } = "";

    [Description("File of sentences to embed, one per line. Empty where data names images.")]
    public string Texts { get; init; } = "";

    [Description("Language of the sentences, such as de; empty = detected, of all of them together.")]
    public string Language { get; init; } = "";

    [Description("File for the vectors: .npy (with the names beside it, in .names.txt), .parquet or .jsonl.")]
    public string Output { get; init; } = "";

    [Description("Images or sentences embedded at once.")]
    [Range(1, 4096)]
    public int BatchSize { get; init; } = 256;

    [Description("auto | cpu | cuda:N.")]
    public string Device { get; init; } = "auto";

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Data.Length > 0 && Texts.Length > 0)
        {
            yield return ("texts", $"is {Texts}, beside embed.data, {Data}: name images or sentences, not both");
        }
        if (Output.Length > 0 && !VectorFile.Extensions.Contains(Path.GetExtension(Output).ToLowerInvariant()))
        {
            yield return ("output", $"is {Output}; it must end in {string.Join(", ", VectorFile.Extensions)}");
        }
    }
}
