using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Teachers.Adapter;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Layers;

public sealed class OwnedWeightsTests
{
    private static readonly ClipVisionConfig Vision = new()
    {
        ImageSize = 16, PatchSize = 8, Width = 16, Layers = 1, Heads = 2, MlpWidth = 24, EmbedDim = 12, Activation = Activation.Gelu,
    };

    [Fact]
    public void ModelsOutliveTheScopeTheyWereMadeIn()
    {
        Student student;
        CcAdapter teacher;
        using (NewDisposeScope())
        {
            student = new Student(
                new ClipVisionModel(Vision, CPU),
                    new TextAdapter(new TextAdapterConfig { InputDim = 8, EmbedDim = 12, Blocks = 1, Expansion = 2 }, CPU),
                    new ImageTransformConfig { ImageSize = 16 }, 1.5);
            teacher = CcAdapter.Create(new AdapterConfig { Dimension = 5, Blocks = 1 }, new LanguageMeans(new float[8], []), 1);
        }
        using (student)
        using (teacher)
        {
            using var scope = NewDisposeScope();
            Assert.Equal(1.5, student.LogitScale.ToDouble());
            Assert.Equal([2, 12], student.ImageEncoder.Encode(zeros(2, 3, 16, 16)).shape);
            Assert.Equal([2, 12], student.TextAdapter.call(ones(2, 8)).shape);
            Assert.Equal([2, 5], teacher.Module.call(ones(2, 8)).shape);
        }
    }
}
