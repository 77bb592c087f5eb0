using Llm2Clip.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>
/// A vision tower that a student can have: what training, evaluation and saving need of it. <see cref="ImageEncoders"/> opens one by the
/// <c>model_type</c> of its folder.
/// </summary>
public interface IImageEncoder : IDisposable
{
    /// <summary>Length of the image features, D.</summary>
    int EmbedDim { get; }

    /// <summary>Length of the pooled features, F: what <see cref="Pool"/> gives. D where there is no projection.</summary>
    int PooledDim => PooledParts.Sum();

    /// <summary>Lengths of the parts that the pooled features are made of, such as one per stage; most encoders have one.</summary>
    IReadOnlyList<int> PooledParts { get; }

    /// <summary>Side of the square input that the positions were made for, pixels.</summary>
    int ImageSize { get; }

    /// <summary>
    /// What the names of each block's parameters begin with, from the input on, such as <c>vision_model.encoder.layers.0</c>: layer decay
    /// and locking go by it.
    /// </summary>
    IReadOnlyList<string> BlockNames { get; }

    /// <summary>Names of parameters, or their first part, that come before block 0: layer decay scales them most.</summary>
    IReadOnlyList<string> EmbeddingNames { get; }

    /// <summary>Names of parameters, or their first part, of the projection; empty where there is none.</summary>
    IReadOnlyList<string> ProjectionNames { get; }

    /// <summary>Names of parameters of two dimensions or more that have no weight decay all the same.</summary>
    IReadOnlyList<string> UndecayedNames { get; }

    /// <summary>Drop path and patch dropout; off until a trainer begins a pass.</summary>
    TrainingNoise Noise { get; }

    /// <summary>Share of patches left out of a training pass, 0 to below 1.</summary>
    double PatchDropout { get; set; }

    /// <summary>Format of matrix products.</summary>
    Precision Precision { get; set; }

    /// <summary>Sets the rate of stochastic depth of the last block; it rises linearly from 0 at the first.</summary>
    void SetDropPath(double rate);

    /// <summary>Normalized pixels [B, 3, H, W] to pooled features [B, F], fp32: all but the projection.</summary>
    Tensor Pool(Tensor pixels);

    /// <summary>
    /// Pooled features [B, F] to image features [B, D], fp32, not normalized; the same tensor where there is no projection.
    /// </summary>
    Tensor Project(Tensor pooled);

    /// <summary>
    /// Normalized pixels [B, 3, H, W] to image features [B, D], fp32, not normalized: <see cref="Project"/> of <see cref="Pool"/>.
    /// </summary>
    Tensor Encode(Tensor pixels);

    /// <summary>All weights, named as in <c>model.safetensors</c>.</summary>
    IReadOnlyList<(string Name, Parameter Parameter)> NamedParameters();

    /// <summary>
    /// What is no parameter and yet changes in training: running statistics of batch norms, fp32, named as in <c>model.safetensors</c>.
    /// Checkpoints hold them.
    /// </summary>
    IReadOnlyList<(string Name, Tensor Buffer)> NamedBuffers() => [];

    /// <summary>Writes <c>config.json</c> alone.</summary>
    void SaveConfig(string folder);

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>, which Hugging Face's transformers opens.</summary>
    void Save(string folder);
}
