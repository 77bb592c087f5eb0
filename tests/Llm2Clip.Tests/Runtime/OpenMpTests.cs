using System.Runtime.InteropServices;
using Llm2Clip.Runtime;

namespace Llm2Clip.Tests.Runtime;

public class OpenMpTests
{
    /// <summary>libllama asks the loader for libgomp.so.1, which not every system has installed.</summary>
    [Fact]
    public void LibllamaIsGivenTheOpenMpOfLibtorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere libtorch brings another OpenMP.");
        OpenMp.Prepare(typeof(TorchSharp.torch).Assembly);
        Assert.Equal(NativeLibrary.Load(PackageFile.Path("libgomp*.so.1")), NativeLibrary.Load("libgomp.so.1"));
    }
}
