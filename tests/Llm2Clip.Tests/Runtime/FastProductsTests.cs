using Llm2Clip.Runtime;

namespace Llm2Clip.Tests.Runtime;

/// <summary>The setting is one of the whole process: these tests run alone.</summary>
[CollectionDefinition("Products", DisableParallelization = true)]
public sealed class ProductsCollection;

[Collection("Products")]
public class FastProductsTests
{
    [Theory]
    [InlineData("GenuineIntel", true, false)]
    [InlineData("AuthenticAMD", true, true)]
    [InlineData("AuthenticAMD", false, false)]
    public void OnlyProcessorsThatMklNeglectsAreTried(string vendor, bool hasAvx512, bool expected) =>
        Assert.Equal(expected, FastProducts.IsSlowInMkl(isX86: true, vendor, hasAvx512));

    [Fact]
    public void ProductsStayExactWhateverOneDnnDoesOnThisProcessor()
    {
        var library = TorchRuntime.Ready().Library;
        Assert.SkipUnless(library.Torch != 0, "libtorch_cpu is not at hand.");
        FastProducts.Reset(library.Torch);
        try
        {
            var decision = FastProducts.Try(library.Handle, library.Torch);
            Assert.NotNull(decision.Error);
            Assert.Equal(decision.Error <= FastProducts.Tolerance, decision.OneDnn);
            // Half a bit of bf16's eight is 2e-3: either fp32 or that, nothing between.
            Assert.True(decision.Error is < 1e-6 or > 1e-4, $"{decision.Error}");
            Assert.InRange(TrialProduct.Error(library.Handle)!.Value, 0, 1e-6);
        }
        finally
        {
            Restore(library);
        }
    }

    [Fact]
    public void ASettingOfTheProgramIsLeftAlone()
    {
        var library = TorchRuntime.Ready().Library;
        Assert.SkipUnless(library.Torch != 0, "libtorch_cpu is not at hand.");
        FastProducts.Reset(library.Torch);
        try
        {
            var first = FastProducts.Try(library.Handle, library.Torch);
            var second = FastProducts.Try(library.Handle, library.Torch);
            Assert.Equal(first.OneDnn, second.OneDnn);
            Assert.Equal(first.OneDnn, second.Reason == "set before by the program");
        }
        finally
        {
            Restore(library);
        }
    }

    /// <summary>What the start of this process had chosen.</summary>
    private static void Restore(TorchLibrary library)
    {
        FastProducts.Reset(library.Torch);
        FastProducts.Apply(library.Handle, library.Torch);
    }
}
