using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;
using TorchSharp;

namespace Llm2Clip.Tests.Teachers.Decoder;

/// <summary>What tensors cannot run is refused by name, and never guessed.</summary>
public sealed class DecoderBadFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> DamagedFiles => LlamaBadFileTests.DamagedFiles();

    private static string Shipped => Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(DamagedFiles))]
    [Trait("Category", "Golden")]
    public void DamagedModelsAreRefusedByName(string name, string must)
    {
        var path = SharedData.RequireGolden("llm", "bad", name);
        if (must == "load")
        {
            using var model = DecoderCases.Load(path);
            Assert.True(model.Shape.Width > 0);
            return;
        }
        var error = Assert.Throws<InputException>(() => DecoderCases.Load(path));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("general.architecture", "gpt2", "key 'general.architecture' is 'gpt2'; tensors can run llama")]
    [InlineData("llama.attention.scale", 0.5f, "key 'llama.attention.scale' is not known for architecture 'llama'")]
    [InlineData("llama.expert_count", 8u, "key 'llama.expert_count' is not known for architecture 'llama'")]
    [InlineData("llama.rope.scaling.type", "yarn", "key 'llama.rope.scaling.type' is 'yarn'; tensors can run none and linear")]
    [InlineData("llama.rope.scaling.factor", -2f, "key 'llama.rope.scaling.factor' is -2; it must be 0 or more")]
    [InlineData("llama.rope.dimension_count", 6u, "6 elements of a head turn (key 'llama.rope.dimension_count')")]
    [InlineData("llama.rope.freq_base", 0f, "key 'llama.rope.freq_base' is 0; it must be above 0")]
    [InlineData("llama.feed_forward_length", 0u, "key 'llama.feed_forward_length' is 0; it must be 1 to")]
    [InlineData("llama.feed_forward_length", 33u, "blk.0.ffn_down.weight")]
    [InlineData("llama.attention.key_length", 1048577u, "key 'llama.attention.key_length' is 1048577; it must be 1 to 1048576")]
    [InlineData("llama.feed_forward_length", 1048576u, "its metadata describes")]
    public void AKeyThatWouldChangeTheMathsIsNamed(string key, object value, string says)
    {
        var path = _folder.File("changed.gguf");
        GgufCopy.Write(Shipped, path, copy =>
        {
            copy.Set(key, value);
            if (key == "general.architecture")
            {
                foreach (var name in (string[])["block_count", "embedding_length", "attention.head_count"])
                {
                    copy.Set($"{value}.{name}", 2u);
                }
            }
        });
        var error = Assert.Throws<InputException>(() => DecoderCases.Load(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ModelsThatStateNoExpertsAreRun()
    {
        var path = _folder.File("plain.gguf");
        GgufCopy.Write(Shipped, path, copy => copy.Set("llama.expert_count", 0u));
        using var model = DecoderCases.Load(path);
        Assert.Equal(GgufFile.Open(path).GetInteger("llama.block_count"), model.Shape.Blocks);
    }

    [Fact]
    public void DivisorsOfAnotherHeadAreNamed()
    {
        var path = _folder.File("divisors.gguf");
        GgufCopy.Write(Shipped, path, copy => copy.Tensors.Add(("rope_freqs.weight", GgufType.F32, [3], [1, 1, 1])));
        var error = Assert.Throws<InputException>(() => DecoderCases.Load(path));
        Assert.Contains("tensor 'rope_freqs.weight' is [3], expected [", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APatternOfAnotherNumberOfBlocksIsNamed()
    {
        var path = _folder.File("pattern.gguf");
        GgufCopy.Write(Gemma(), path, copy => copy.Set("gemma3.attention.sliding_window_pattern", new[] { true, false }));
        var error = Assert.Throws<InputException>(() => DecoderCases.Load(path));
        Assert.Contains("key 'gemma3.attention.sliding_window_pattern' lists 2 blocks", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The list says the same as the number that the architecture has without one, so the states are the same.</summary>
    [Fact]
    public void APatternMayBeAListOfBlocks()
    {
        var (source, path) = (Gemma(), _folder.File("listed.gguf"));
        var blocks = (int)GgufFile.Open(source).GetInteger("gemma3.block_count");
        GgufCopy.Write(source, path, copy =>
            copy.Set("gemma3.attention.sliding_window_pattern", Enumerable.Range(1, blocks).Select(block => block % 6 != 0).ToArray()));
        using var numbered = DecoderCases.Load(source);
        using var listed = DecoderCases.Load(path);
        Assert.Equal(numbered.Shape.Slides, listed.Shape.Slides);
        Assert.Contains(true, listed.Shape.Slides);
    }

    [Fact]
    public void TheMessageNamesTheOtherRuntime()
    {
        var path = _folder.File("unknown.gguf");
        GgufCopy.Write(Shipped, path, copy => copy.Set("llama.swin_norm", true));
        var error = Assert.Throws<InputException>(() => LlamaCases.Encoder(path, DecoderCases.Tensors));
        Assert.EndsWith("Use teacher.runtime: llama with this model.", error.Message, StringComparison.Ordinal);
    }

    private static string Gemma() => LlamaCases.GoldenModel("gemma3");
}
