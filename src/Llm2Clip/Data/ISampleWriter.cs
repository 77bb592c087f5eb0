namespace Llm2Clip.Data;

/// <summary>
/// Writes samples as a data set in one format. Nothing appears under its final name before it is complete; disposing without
/// <see cref="Complete"/> leaves nothing behind.
/// </summary>
internal interface ISampleWriter : IDisposable
{
    /// <summary>Appends one sample with its encoded image, as it is: images are never decoded.</summary>
    void Add(Sample sample, ReadOnlyMemory<byte> image);

    /// <summary>Gives the files their final names.</summary>
    void Complete();
}
