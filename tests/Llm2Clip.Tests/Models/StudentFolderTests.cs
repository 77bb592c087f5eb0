using Llm2Clip.Models;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Models;

/// <summary>Which folder a user may name for a student.</summary>
public sealed class StudentFolderTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("run")]
    [InlineData("run/student")]
    [InlineData("run/student/model")]
    public void TheFolderOfTheRunOfClipTrainAndOfTheModelMeanTheModel(string named)
    {
        Place("run/student/model");
        Assert.Equal(_folder["run/student/model"], StudentFolder.Find(_folder[named]).Settings);
    }

    [Fact]
    public void TheFolderOfAnInterruptedRunMeansItsLastCheckpoint()
    {
        Place("run/student/checkpoints/last/model");
        File.WriteAllText(Path.Combine(_folder["run/student/checkpoints/last"], StudentFolder.WeightsName), "");
        var found = StudentFolder.Find(_folder["run"]);
        Assert.Equal((_folder["run/student/checkpoints/last"], _folder["run/student"]), (found.Checkpoint, found.Run));
    }

    [Fact]
    public void AFolderWithoutAStudentIsNamed()
    {
        Directory.CreateDirectory(_folder["run/student"]);
        var message = Assert.Throws<InputException>(() => StudentFolder.Find(_folder["run"])).Message;
        Assert.StartsWith($"{_folder["run"]} holds no student", message);
    }

    private void Place(string model)
    {
        Directory.CreateDirectory(_folder[model]);
        File.WriteAllText(Path.Combine(_folder[model], StudentFolder.AdapterSettings), "{}");
    }
}
