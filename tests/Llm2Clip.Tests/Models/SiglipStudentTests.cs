using System.Text.Json.Nodes;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Models.Siglip;

namespace Llm2Clip.Tests.Models;

/// <summary>Students that start from SigLIP's and SigLIP 2's towers.</summary>
[Trait("Category", "Golden")]
public class SiglipStudentTests
{
    [Theory]
    [InlineData("siglip")]
    [InlineData("siglip2")]
    public void AStudentStartsFromItAndReloads(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        var copy = Directory.CreateTempSubdirectory("siglip-student-").FullName;
        try
        {
            using var student = Student.Create(new StudentConfig { Init = folder, AdapterBlocks = 1 }, 10, 1, 9, GoldenTensors.Device);
            student.Save(copy);
            using var again = Student.Load(copy, GoldenTensors.Device);
            Assert.Equal(Assert.IsType<SiglipVisionModel>(student.ImageEncoder).Config,
                Assert.IsType<SiglipVisionModel>(again.ImageEncoder).Config);
            Assert.Equal(
                student.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter)),
                    again.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter)));
            // The folder is read and written the same: configuration and image processor hold what transformers wrote.
            foreach (var file in new[] { "preprocessor_config.json", "config.json" })
            {
                var (theirs, ours) = (Read(folder, file), Read(copy, file));
                theirs = theirs["vision_config"]?.AsObject() ?? theirs;
                Assert.All(theirs.Where(pair => pair.Key != "transformers_version"), pair =>
                    Assert.True(JsonNode.DeepEquals(pair.Value, ours[pair.Key]), pair.Key));
            }
            Assert.Equal(ResizeMode.Squash, again.Transform.Resize);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public void AnotherLengthOfTheVectorsIsRefused()
    {
        var folder = SharedData.RequireGolden("vision", "siglip");
        var error = Assert.Throws<ConfigException>(() =>
            Student.Create(new StudentConfig { Init = folder, EmbedDim = 512 }, 10, 1, 9, GoldenTensors.Device));
        Assert.StartsWith($"model.embed_dim is 512, but {folder} is a SigLIP tower", error.Message);
        Assert.Contains("length 36", error.Message);
    }

    private static JsonObject Read(string folder, string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, file)))!.AsObject();
}
