using Llm2Clip.Layers;

namespace Llm2Clip.Models.ResNet;

/// <summary>What all layers of one residual network share.</summary>
/// <param name="BatchNorm">What becomes of its batch norms.</param>
/// <param name="Epsilon">Epsilon of the batch norms.</param>
/// <param name="Noise">Drop path; its passes are those of training.</param>
internal sealed record ResNetSettings(BatchNormMode BatchNorm, double Epsilon, TrainingNoise Noise);
