using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Models;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>A whole training of ViT-S/32, as <c>clip-train</c> runs it, with vectors made up for the captions.</summary>
internal static class Workload
{
    /// <summary>Trains; what it writes is deleted again.</summary>
    public static void Train(ClipTrainConfig config, Func<Student, ITrainingBatches> batches, IMetricsSink metrics)
    {
        var folder = Directory.CreateTempSubdirectory("llm2clip-bench").FullName;
        try
        {
            using var student = Student.Create(StudentStep.VitS32, StudentStep.TeacherDim, config.LogitScaleStart, 1, CPU);
            using var images = batches(student);
            ClipTrainer.Run(new ClipTrainInputs
            {
                Student = student,
                Config = config,
                Batches = images,
                Vectors = new MadeUp(),
                Sampler = config.CreateSampler(),
                Output = folder,
                Metrics = metrics,
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class MadeUp : ICaptionVectors
    {
        public int Dimension => StudentStep.TeacherDim;

        public string Fingerprint => "made up";

        public void Gather(IReadOnlyList<Caption> captions, Span<float> into)
        {
            for (var i = 0; i < captions.Count; i++)
            {
                var random = SeededRandom.For([.. captions[i].Text.Select(letter => (long)letter)]);
                foreach (ref var value in into.Slice(i * Dimension, Dimension))
                {
                    value = random.NextGaussian();
                }
            }
        }
    }
}
