using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Onnx;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Models.Text;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Tests.Models.Text;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Weights.Onnx;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Llm2Clip.Tests.Models.Onnx;

/// <summary>
/// Exported models in ONNX Runtime against the models themselves: vectors of length 1, and states as a share of the largest, within 1e-5,
/// whatever the number of inputs.
/// </summary>
public sealed class OnnxExportTests : IDisposable
{
    private const double Tolerance = 1e-5;

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string> Towers() => VisionGolden.Folders(_ => true);

    public static TheoryData<string> Texts() => ClipTextGolden.Towers();

    /// <summary>CLIP, EVA02, SigLIP and DINOv2 with and without registers and gates, with the weights of the golden files.</summary>
    [Theory]
    [MemberData(nameof(Towers))]
    [Trait("Category", "Golden")]
    public void EveryVisionTransformerIsTheSame(string folder)
    {
        using var checkpoint = VisionGolden.Open(SharedData.RequireGolden("vision", folder), _folder.Path);
        using var model = checkpoint.Load(CPU);
        CompareImages(model, null);
    }

    [Theory]
    [InlineData(ResNetBlock.Basic, BatchNormMode.Frozen)]
    [InlineData(ResNetBlock.Bottleneck, BatchNormMode.Trained)]
    [InlineData(ResNetBlock.Basic, BatchNormMode.Folded)]
    public void ResNetsAreTheSame(ResNetBlock block, BatchNormMode norm)
    {
        var config = new ResNetConfig
        {
            Block = block, Blocks = [1, 2, 1, 1], Stages = ["layer3", "layer4"], ImageSize = 64, BatchNorm = norm,
        };
        using var model = new ResNetModel(config, CPU);
        model.Initialize(5);
        Fill(model);
        CompareImages(model, null);
        var shape = new ImageHeadConfig { Parts = model.PooledParts, EmbedDim = 24, Width = 40 };
        using var head = new ImageHead(shape, CPU);
        Fill(head.named_parameters().Select(p => (Tensor)p.parameter));
        CompareImages(model, head);
    }

    [Fact]
    public void ClipsResNetIsTheSame()
    {
        var config = new ModifiedResNetConfig { Blocks = [1, 2, 1, 1], Width = 16, ImageSize = 96, EmbedDim = 20 };
        using var model = new ModifiedResNetModel(config, CPU);
        model.Initialize(6);
        Fill(model);
        CompareImages(model, null);
    }

    [Fact]
    public void LoraIsInTheWeights()
    {
        using var model = new ClipVisionModel(TinyClip.Vision, CPU);
        model.Initialize(1);
        model.Adapt(new LoraConfig { Rank = 4 }, 2);
        using (no_grad())
        {
            foreach (var (name, parameter) in model.NamedParameters().Where(p => LoraLayers.IsChange(p.Name)))
            {
                parameter.copy_(randn(parameter.shape) * 0.1);
            }
        }
        CompareImages(model, null);
    }

    /// <summary>Both pooling rules, one and two tables of positions; two texts of other lengths, and one alone without padding.</summary>
    [Theory]
    [InlineData(TextPooling.LargestId, 0, Activation.QuickGelu)]
    [InlineData(TextPooling.FirstEnd, 20, Activation.Gelu)]
    [InlineData(TextPooling.FirstEnd, 0, Activation.GeluTanh)]
    public void TextTowersAreTheSame(TextPooling pooling, int kept, Activation activation)
    {
        var config = TinyClip.Text with { Pooling = pooling, KeptPositions = kept, Activation = activation, HasProjection = kept == 0 };
        config = config with { EmbedDim = config.HasProjection ? config.EmbedDim : config.Width };
        using var model = new ClipTextModel(config, CPU);
        model.Initialize(7);
        Fill(model.named_parameters().Select(p => (Tensor)p.parameter));
        var end = config.EndToken;
        long[] rows = [end - 1, 5, 9, end, end, end, end - 1, 3, 4, 8, 2, end];
        CompareTexts(model, rows, 2);
        CompareTexts(model, [end - 1, 5, end], 1);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    [Trait("Category", "Golden")]
    public void TheGoldenTextTowersAreTheSame(string folder)
    {
        using var model = ClipTextGolden.Load(SharedData.RequireGolden("longclip", folder), TextPooling.LargestId);
        var (end, count) = (model.Config.VocabularySize - 1, model.Config.Positions);
        long[] rows = [.. Enumerable.Range(0, 2 * count).Select(i => i % count == count - 1 - i / count ? end : (long)(i * 7 % (end - 1)))];
        CompareTexts(model, rows, 2);
    }

    [Fact]
    public void TextAdaptersAreTheSame()
    {
        using var adapter = new TextAdapter(new TextAdapterConfig { InputDim = 40, EmbedDim = 12, Blocks = 2 }, CPU);
        Fill(adapter.named_parameters().Select(p => (Tensor)p.parameter));
        var file = _folder.File("a.onnx");
        OnnxExport.WriteAdapter(file, adapter);
        var vectors = randn([5, 40]).Times(30);
        using var off = no_grad();
        Compare(adapter.call(vectors).Normalize(), Run(file, "teacher_vectors", vectors, "text_embeds"));
    }

    /// <summary>
    /// Weights in a file of their own, as of models above 2 GB, and read again by this project's reader where they are inside.
    /// </summary>
    [Fact]
    public void WeightsMayLieBesideTheGraph()
    {
        var graph = new OnnxGraph("test");
        var layers = new OnnxLayers(graph, new Dictionary<string, Tensor> { ["l.weight"] = randn([3, 4]), ["l.bias"] = randn([3]) });
        graph.Output("y", layers.Linear(graph.Input("x", OnnxTypes.Float, "n", 4L), "l"), "n", 3L);
        var (whole, split) = (_folder.File("whole.onnx"), _folder.File("split.onnx"));
        Assert.Equal([whole], OnnxWriter.Write(whole, graph, new Dictionary<string, string> { ["part"] = "test" }));
        Assert.Equal([split, split + ".data"], OnnxWriter.Write(split, graph, new Dictionary<string, string>(), mostInside: 10));
        Assert.Equal(4 * (12 + 3), new FileInfo(split + ".data").Length);
        var x = randn([2, 4]);
        var expected = nn.functional.linear(x, layers["l.weight"], layers["l.bias"]);
        Compare(expected, Run(whole, "x", x, "y"));
        Compare(expected, Run(split, "x", x, "y"));
        using var file = OnnxFile.Open(whole);
        Assert.Equal(["l.bias", "l.weight"], file.Names.Order());
        Assert.True(file.Load("l.bias", ScalarType.Float32).allclose(layers["l.bias"]));
    }

    private void CompareImages(IImageEncoder model, ImageHead? head)
    {
        var file = _folder.File("i.onnx");
        OnnxExport.WriteImages(file, model, head);
        using var off = no_grad();
        foreach (var batch in new[] { 1, 3 })
        {
            var pixels = randn([batch, 3, model.ImageSize, model.ImageSize]);
            var pooled = model.Pool(pixels);
            var features = head is null ? model.Project(pooled) : head.call(pooled);
            Compare(features.Normalize(), Run(file, "pixel_values", pixels, "image_embeds"));
        }
    }

    private void CompareTexts(ClipTextModel model, long[] rows, int count)
    {
        var file = _folder.File("t.onnx");
        OnnxExport.WriteText(file, model);
        using var off = no_grad();
        var ids = tensor(rows, [count, rows.Length / count]);
        Tensor? states = null;
        var features = model.Encode(ids, (name, value) =>
            states = name == "last_hidden_state" ? value.clone().DetachFromDisposeScope() : states);
        using (states)
        {
            using var session = new InferenceSession(file);
            var input = NamedOnnxValue.CreateFromTensor("input_ids", new DenseTensor<long>(rows, [count, rows.Length / count]));
            using var results = session.Run([input], ["text_embeds", "last_hidden_state"]);
            Compare(features.Normalize(), results[0].AsTensor<float>());
            Compare(states!, results[1].AsTensor<float>(), relative: true);
        }
    }

    private static DenseTensor<float> Run(string file, string input, Tensor values, string output)
    {
        using var session = new InferenceSession(file);
        int[] shape = [.. values.shape.Select(size => (int)size)];
        var given = NamedOnnxValue.CreateFromTensor(input, new DenseTensor<float>(values.contiguous().data<float>().ToArray(), shape));
        using var results = session.Run([given], [output]);
        return results[0].AsTensor<float>().Clone().ToDenseTensor();
    }

    private static void Compare(Tensor expected, Tensor<float> found, bool relative = false)
    {
        Assert.Equal(expected.shape, found.Dimensions.ToArray().Select(size => (long)size));
        var wanted = expected.contiguous().data<float>().ToArray();
        var largest = relative ? wanted.Max(Math.Abs) : 1;
        foreach (var (a, b) in wanted.Zip(found.ToArray()))
        {
            Assert.True(Math.Abs(a - b) <= Tolerance * largest, $"{a} was expected, {b} found");
        }
    }

    /// <summary>Gives norms and statistics values that matter, too.</summary>
    private static void Fill(ResidualNetwork model)
    {
        using var off = no_grad();
        foreach (var (name, tensor) in model.State.Where(part => part.Tensor.shape.Length < 2))
        {
            tensor.copy_(name.EndsWith("var", StringComparison.Ordinal) ? rand(tensor.shape) + 0.5 : randn(tensor.shape) * 0.3);
        }
    }

    private static void Fill(IEnumerable<Tensor> parameters)
    {
        using var off = no_grad();
        foreach (var parameter in parameters)
        {
            var scale = parameter.shape.Length > 1 ? Math.Pow(parameter.shape[^1], -0.5) : 0.5;
            parameter.copy_(randn(parameter.shape) * scale);
        }
    }
}
