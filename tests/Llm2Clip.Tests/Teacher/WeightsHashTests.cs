using System.Security.Cryptography;
using Llm2Clip.Teachers;

namespace Llm2Clip.Tests.Teachers;

public sealed class WeightsHashTests
{
    [Fact]
    public void ALinkIsHashedAnewWhenItsTargetChangesThoughTheLinkDoesNot()
    {
        using var folder = new TemporaryFolder();
        var (target, link) = (folder.File("target"), folder.File("link"));
        File.WriteAllText(target, "first weights");
        File.CreateSymbolicLink(link, target);
        Assert.Equal(Sha256("first weights"), WeightsHash.OfFile(link));

        File.WriteAllText(target, "other weights"); // of the same length
        File.SetLastWriteTimeUtc(target, DateTime.UtcNow.AddSeconds(5));
        Assert.Equal(Sha256("other weights"), WeightsHash.OfFile(link));
    }

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
}
