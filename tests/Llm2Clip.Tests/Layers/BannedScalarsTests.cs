using Llm2Clip.BannedScalars;

namespace Llm2Clip.Tests.Layers;

/// <summary>What eng/BannedSymbols.txt bans, and that the library keeps to it.</summary>
public sealed class BannedScalarsTests
{
    private static readonly IReadOnlyList<string> Ids = ScalarScan.Find(BannedSymbols.TorchSharp);

    [Fact]
    public void The_list_is_that_of_the_referenced_TorchSharp()
    {
        var path = Path.Combine(SharedData.RepositoryRoot(), "eng", "BannedSymbols.txt");
        Assert.Equal(BannedSymbols.ToText(Ids), File.ReadAllText(path));
    }

    /// <summary>Made in the method itself, through others, through a lambda, or by a virtual method of what it constructs.</summary>
    [Theory]
    [InlineData("M:TorchSharp.Scalar.op_Implicit(System.Single)~TorchSharp.Scalar")]
    [InlineData("M:TorchSharp.torch.Tensor.op_Addition(TorchSharp.torch.Tensor,TorchSharp.torch.Tensor)")]
    [InlineData("M:TorchSharp.torch.Tensor.op_Multiply(TorchSharp.torch.Tensor,System.Single)")]
    [InlineData("M:TorchSharp.torch.Tensor.square")]
    [InlineData("M:TorchSharp.torch.nn.functional.softplus(TorchSharp.torch.Tensor,System.Double,System.Double)")]
    [InlineData("M:TorchSharp.TensorExtensionMethods.ToSingle(TorchSharp.torch.Tensor)")]
    [InlineData("M:TorchSharp.Modules.AdamW.step(System.Func{TorchSharp.torch.Tensor})")]
    [InlineData("P:TorchSharp.Modules.Normal.variance")]
    public void Makers_are_found(string id) => Assert.Contains(id, Ids);

    /// <summary>Who makes an optimizer or a layer calls its virtual methods through the base class.</summary>
    [Theory]
    [InlineData("M:TorchSharp.torch.optim.AdamW(")]
    [InlineData("M:TorchSharp.torch.optim.SGD(")]
    [InlineData("M:TorchSharp.torch.nn.LeakyReLU(")]
    [InlineData("M:TorchSharp.torch.arange(")]
    public void Makers_of_makers_are_found(string start) => Assert.Contains(Ids, id => id.StartsWith(start, StringComparison.Ordinal));

    [Theory]
    [InlineData("M:TorchSharp.torch.Tensor.op_Multiply(TorchSharp.torch.Tensor,TorchSharp.torch.Tensor)")]
    [InlineData("M:TorchSharp.torch.Tensor.op_Subtraction(TorchSharp.torch.Tensor,TorchSharp.torch.Tensor)")]
    [InlineData("M:TorchSharp.torch.Tensor.matmul(TorchSharp.torch.Tensor)")]
    [InlineData("M:TorchSharp.torch.Tensor.add(TorchSharp.torch.Tensor,TorchSharp.Scalar)")]
    [InlineData("M:TorchSharp.torch.nn.functional.gelu(TorchSharp.torch.Tensor)")]
    [InlineData("M:TorchSharp.torch.Tensor.item``1")]
    public void What_makes_none_is_allowed(string id) => Assert.DoesNotContain(id, Ids);

    /// <summary>The analyzer says so at compile time, but does not see compound assignments (<c>x += y</c>).</summary>
    [Theory]
    [InlineData(typeof(Llm2Clip.Layers.Scalars))]
    [InlineData(typeof(Llm2Clip.Cli.CommandLine))]
    public void Only_Scalars_uses_them(Type part)
    {
        var uses = ScalarScan.Uses(part.Assembly.Location, Ids.ToHashSet());
        Assert.DoesNotContain(uses, use => use.Type != typeof(Llm2Clip.Layers.Scalars).FullName);
    }

    /// <summary>This assembly uses them, so that the test above can fail.</summary>
    [Fact]
    public void Uses_are_found()
    {
        static TorchSharp.torch.Tensor Compound(TorchSharp.torch.Tensor x) => x += x;
        Func<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor> sample = Compound;
        var uses = ScalarScan.Uses(typeof(BannedScalarsTests).Assembly.Location, Ids.ToHashSet());
        const string addition = "M:TorchSharp.torch.Tensor.op_Addition(TorchSharp.torch.Tensor,TorchSharp.torch.Tensor)";
        Assert.Contains((typeof(BannedScalarsTests).FullName!, sample.Method.Name, addition), uses);
    }
}
