using Llm2Clip.Layers;
using Llm2Clip.Tests.Models;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Layers;

public sealed class RotaryTableTests : IDisposable
{
    /// <summary>Sines and cosines of angles of at most a few radians in fp32.</summary>
    private const double TableTolerance = 1e-6;

    private readonly string _scratch = Directory.CreateTempSubdirectory("rotary-").FullName;

    public static TheoryData<string> WithTables() => VisionGolden.Folders(folder => Tables(folder).Any());

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Theory]
    [MemberData(nameof(WithTables))]
    [Trait("Category", "Golden")]
    public void TablesAndRotatedQueriesAgree(string name)
    {
        var folder = SharedData.RequireGolden("vision", name);
        using var checkpoint = VisionGolden.Open(folder, _scratch);
        var config = checkpoint.Config;
        foreach (var (path, prefix) in Tables(folder))
        {
            using var scope = NewDisposeScope();
            using var file = SafetensorsFile.Open(path);
            var grid = (long)Math.Sqrt(file.Info(prefix + "freqs_cos").Shape[0]);
            var table = RotaryTable.For(config.Width / config.Heads, config.RotaryGrid!.Value, grid, grid, 1, CPU, null, 1);
            var patches = grid * grid;
            GoldenTensors.Close(
                file.Load(prefix + "freqs_cos"), table.Cosine.narrow(2, 1, patches)[0, 0], TableTolerance, $"{name} {prefix}freqs_cos");
            GoldenTensors.Close(
                file.Load(prefix + "freqs_sin"), table.Sine.narrow(2, 1, patches)[0, 0], TableTolerance, $"{name} {prefix}freqs_sin");
            if (file.Contains("block0.q_before_rope") && prefix == "rope.")
            {
                GoldenTensors.Close(
                    file.Load("block0.q_after_rope"), table.Turn(file.Load("block0.q_before_rope")), 1e-5, $"{name} block0.q_after_rope");
            }
        }
    }

    /// <summary>Patches that stay after patch dropout keep their places, and the class token does not turn.</summary>
    [Fact]
    public void KeptPatchesTurnByTheirOwnPlaces()
    {
        using var scope = NewDisposeScope();
        var x = randn([2, 3, 7, 8], generator: new Generator(3)); // 1 class token and 6 of 2 x 3 patches
        var whole = RotaryTable.For(8, 4, 2, 3, 1, CPU, null, 2).Turn(x);
        long[] kept = [1, 5, 6, 9]; // patches 1 and 5 of the first image, 0 and 3 of the second
        var rows = cat([cat([x[0].narrow(1, 0, 1), x[0].narrow(1, 2, 1), x[0].narrow(1, 6, 1)], 1).unsqueeze(0),
            cat([x[1].narrow(1, 0, 1), x[1].narrow(1, 1, 1), x[1].narrow(1, 4, 1)], 1).unsqueeze(0)], 0);
        var part = RotaryTable.For(8, 4, 2, 3, 1, CPU, kept, 2).Turn(rows);
        Assert.Equal(GoldenTensors.Values(x.narrow(2, 0, 1)), GoldenTensors.Values(part.narrow(2, 0, 1)));
        Assert.Equal(GoldenTensors.Values(whole[0].narrow(1, 6, 1)), GoldenTensors.Values(part[0].narrow(1, 2, 1)));
        Assert.Equal(GoldenTensors.Values(whole[1].narrow(1, 4, 1)), GoldenTensors.Values(part[1].narrow(1, 2, 1)));
        Assert.NotEqual(GoldenTensors.Values(x.narrow(2, 6, 1)), GoldenTensors.Values(whole.narrow(2, 6, 1)));
    }

    private static IEnumerable<(string Path, string Prefix)> Tables(string folder)
    {
        string[] names = ["io.safetensors", "resized.safetensors"];
        foreach (var path in names.Select(file => Path.Combine(folder, file)).Where(File.Exists))
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var name in file.Names.Where(name => name.EndsWith("freqs_cos", StringComparison.Ordinal)))
            {
                yield return (path, name[..^"freqs_cos".Length]);
            }
        }
    }
}
