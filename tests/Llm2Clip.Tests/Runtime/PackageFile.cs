using Llm2Clip.Runtime;

namespace Llm2Clip.Tests.Runtime;

/// <summary>Native files of the packages, as they were published.</summary>
internal static class PackageFile
{
    /// <summary>Path of the file of that name.</summary>
    public static string Path(string name) =>
        NativeFolders.Find(NativeFolders.Of(typeof(TorchSharp.torch).Assembly), name)
        ?? throw new FileNotFoundException($"No package has {name}.");

    /// <summary>TorchSharp's native library.</summary>
    public static byte[] TorchSharp() => File.ReadAllBytes(Path("libLibTorchSharp.so"));
}
