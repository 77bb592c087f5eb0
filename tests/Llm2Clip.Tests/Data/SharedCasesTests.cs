using Llm2Clip.Data;
using Llm2Clip.Tests.Inspection;

namespace Llm2Clip.Tests.Data;

/// <summary>The files of shared/cases that are data sets, each as its README entry demands.</summary>
public sealed class SharedCasesTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("dotted-keys", "data.tar", 4, 4)]
    [InlineData("byte-order-mark-txt", "data.tar", 0, 0)]
    [InlineData("nan-in-json-member", "00000.tar", 4, 4)]
    [InlineData("parquet-equal-paths", "data.parquet", 6, 6)]
    [InlineData("parquet-row-a-caption", "data.parquet", 3, 6)]
    [InlineData("jsonl-text-field", "metadata.jsonl", 2, 2)]
    [InlineData("parquet-binary-captions", "data.parquet", 4, 4)]
    [InlineData("parquet-list-of-structs", "data.parquet", 0, 0)]
    [InlineData("picture-and-mask", "data.tar", 4, 4)]
    [InlineData("json-null-beside-txt", "data.tar", 0, 0)]
    [InlineData("appledouble-tar-in-folder", "folder", 0, 0)]
    [InlineData("coco-float-ids", "captions.json", 4, 4)]
    public void DataSetsAreReadWhole(string name, string data, int images, int captions)
    {
        Copy(SharedData.RequireShared("cases", name));
        if (name == "appledouble-tar-in-folder")
        {
            File.WriteAllBytes(_folder["folder/._train-00000.tar"], new byte[4096]);
        }
        var set = InspectionCase.Inspect(_folder, data).Data;
        Assert.Equal((0, 0), (set.Broken, set.StrayMembers.Members));
        Assert.Equal(images == 0 ? set.Images : images, set.Images);
        Assert.Equal(images == 0 ? set.Captions : captions, set.Captions);
        Assert.InRange(set.Captions, set.Images, long.MaxValue);
        Assert.All(_folder.ReadAll(data).SelectMany(sample => sample.Captions), caption => Assert.DoesNotContain('\uFEFF', caption.Text));
    }

    [Theory]
    [InlineData("joined.tar")]
    [InlineData("joined.tar.gz")]
    public void JoinedTarsAreRefused(string data)
    {
        Copy(SharedData.RequireShared("cases", "joined-tar"));
        var error = Assert.Throws<InputException>(() => InspectionCase.Inspect(_folder, data));
        Assert.Contains($"{data}: data follows the end of the archive (near byte ", error.Message);
        Assert.Equal(3, error.ExitCode);
    }

    private void Copy(string from)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var to = _folder[Path.GetRelativePath(from, file)];
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
    }
}
