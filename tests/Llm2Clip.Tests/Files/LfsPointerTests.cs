using Llm2Clip.Files;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Files;

public sealed class LfsPointerTests : IDisposable
{
    public const string Pointer = "version https://git-lfs.github.com/spec/v1\n"
        + "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345678\n";

    private readonly DataFolder _folder = new();

    [Fact]
    public void APointerIsRefusedWithTheRemedy()
    {
        File.WriteAllText(_folder["model.gguf"], Pointer);
        var error = Assert.Throws<InputException>(() => LfsPointer.Refuse(_folder["model.gguf"]));
        Assert.Equal(
            $"{_folder["model.gguf"]}: this is a Git LFS pointer, a text that stands for the file, not the file itself. Fetch it: git lfs pull.",
            error.Message);
    }

    [Fact]
    public void OtherFilesPass()
    {
        File.WriteAllText(_folder["short"], "version https://git-lfs");
        File.WriteAllText(_folder["long"], Pointer + new string('x', 1024));
        File.WriteAllText(_folder["empty"], "");
        foreach (var name in new[] { "short", "long", "empty", "missing", "" })
        {
            LfsPointer.Refuse(_folder[name]);
        }
    }

    public void Dispose() => _folder.Dispose();
}
