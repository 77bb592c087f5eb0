namespace Llm2Clip.Models.ResNet;

/// <summary>What a training run may ask of the residual network that it starts from.</summary>
/// <param name="BatchNorm">What becomes of the batch norms; null = what the folder says, frozen for a package's.</param>
/// <param name="Stages">Stages whose means are the features; null = the folder's or the package's own.</param>
internal sealed record ResNetOptions(BatchNormMode? BatchNorm = null, IReadOnlyList<string>? Stages = null)
{
    /// <summary>
    /// How the batch norms of stored weights are to be when they are read; folding comes after that.
    /// </summary>
    /// <param name="stored">How they are in the file.</param>
    /// <param name="source">The file's folder, for messages.</param>
    /// <exception cref="ConfigException">They are folded there, and wanted back.</exception>
    public BatchNormMode ForReading(BatchNormMode stored, string source)
    {
        var wanted = BatchNorm ?? stored;
        if (stored == BatchNormMode.Folded && wanted != BatchNormMode.Folded)
        {
            throw new ConfigException(
                $"model.batch_norm is {wanted.ToString().ToLowerInvariant()}, but the batch norms of {source} are folded into its "
                + "convolutions. Leave model.batch_norm out, or start from the weights as they were before.");
        }
        return stored != BatchNormMode.Folded && wanted == BatchNormMode.Folded ? BatchNormMode.Frozen : wanted;
    }
}
