using System.Text;
using Llm2Clip.Data;
using Llm2Clip.Files;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Models;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Tests.Teachers;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.PowerCuts;

/// <summary>The second writer of a folder is refused, whatever command it is; a lock file that nobody holds means nothing.</summary>
public sealed class OtherWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-second").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Out => Path.Combine(_folder, "out");

    private static string Gguf => Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");

    private string Data()
    {
        SceneShards.Write(_folder, "train", 12, 12, new SceneData(seed: 11, validationCount: 4).Training);
        return Path.Combine(_folder, "train-00000.tar");
    }

    [Theory]
    [InlineData("extract")]
    [InlineData("store import")]
    [InlineData("store export")]
    [InlineData("data convert")]
    [InlineData("data split")]
    [InlineData("data sample")]
    [InlineData("cc-finetune")]
    [InlineData("clip-train")]
    [InlineData("quickstart")]
    [InlineData("eval")]
    public void IsRefusedByEveryCommand(string command)
    {
        var call = Call(command);
        var at = command.StartsWith("data ", StringComparison.Ordinal) ? Path.Combine(Out, ".convert") : Out;
        using (FolderLock.Take(at))
        {
            var before = Directory.GetFileSystemEntries(Out, "*", SearchOption.AllDirectories);
            var (code, output, error) = CommandLineTests.Run(call);
            Assert.Equal((2, ""), (code, output));
            Assert.Contains($"Error: {Out} is being written to by another process ({Environment.ProcessId} on {Environment.MachineName}). Wait for it, or use another folder.\n", error);
            Assert.Equal(before, Directory.GetFileSystemEntries(Out, "*", SearchOption.AllDirectories));
        }
        if (command is not ("quickstart" or "eval")) // Their work takes longer, and has tests of its own.
        {
            var (code, _, error) = CommandLineTests.Run(call);
            Assert.True(code == 0, error);
        }
    }

    /// <summary>A file's lock lies beside it, and leaves nothing there.</summary>
    [Fact]
    public void IsRefusedForOneFileAlone()
    {
        var (store, file) = (StoreOf(Data()), Path.Combine(_folder, "rows.parquet"));
        string[] call = ["data", "store", "export", store, "--to", file];
        using (FolderLock.TakeFile(file))
        {
            var (code, output, error) = CommandLineTests.Run(call);
            Assert.Equal((2, ""), (code, output));
            Assert.Contains($"Error: {file} is being written to by another process ({Environment.ProcessId} on {Environment.MachineName}). Wait for it, or use another file.\n", error);
            Assert.False(File.Exists(file));
            Assert.Equal(0, CommandLineTests.Run([.. call[..^1], Path.Combine(_folder, "other.parquet")]).Code);
        }
        Assert.Equal(0, CommandLineTests.Run(call).Code);
        Assert.Equal(["other.parquet", "rows.parquet", "store", "train-00000.tar"],
            Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void TheLockOfAKilledProcessIsGone()
    {
        var data = Data();
        var log = new StringBuilder();
        using var process = CutRun.Start(["extract", "--teacher", Gguf, "--data", data, "--store", Out, "--set", "extract.window=1"], log);
        var file = Path.Combine(Out, FolderLock.FileName);
        while (!process.HasExited && !DurableFolder.ReadUnlocked(file, 40).StartsWith($"{process.Id} on ", StringComparison.Ordinal))
        {
            Thread.Sleep(1);
        }
        var refused = Assert.Throws<ConfigException>(() => FolderLock.Take(Out));
        Assert.Contains($"({process.Id} on ", refused.Message);
        process.Kill();
        process.WaitForExit();
        Assert.StartsWith($"{process.Id} on ", File.ReadAllText(file)); // It lies there still, and holds nobody up.
        FolderLock.Take(Out).Dispose();
    }

    [Fact]
    public void WhatDeadWritersLeftIsSweptAndWhatALivingOneWritesIsNot()
    {
        Directory.CreateDirectory(Path.Combine(Out, "model" + PendingFile.Suffix));
        File.WriteAllText(Path.Combine(Out, "model" + PendingFile.Suffix, "half"), "");
        File.WriteAllText(Path.Combine(Out, "a.json" + PendingFile.Suffix), "{");
        File.WriteAllText(Path.Combine(Out, "notes.tmp"), "mine");
        using var living = new PendingFile(Path.Combine(Out, "b.json"));
        FolderLock.Take(Out).Dispose();
        Assert.Equal(["b.json" + PendingFile.Suffix, "notes.tmp", FolderLock.FileName],
            Directory.GetFileSystemEntries(Out).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void TemporaryRawStoresOfKilledProcessesAreRemoved()
    {
        var (dead, living) = (Directory.CreateTempSubdirectory("llm2clip-raw-").FullName,
            Directory.CreateTempSubdirectory("llm2clip-raw-").FullName);
        using (FolderLock.Take(living))
        {
            foreach (var folder in new[] { dead, living })
            {
                File.WriteAllText(Path.Combine(folder, "vectors"), "");
                Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow.AddHours(-1));
            }
            using (var raw = new RawVectors(new FakeEncoder(4), "", VectorType.Fp16, SilentLog.Instance))
            {
                Assert.False(Directory.Exists(dead));
                Assert.True(File.Exists(Path.Combine(living, "vectors")));
                raw.Require([new Caption("a", "en", CaptionKind.Short)], TestContext.Current.CancellationToken);
                Assert.Equal(1, raw.Store.Count);
            }
        }
        Directory.Delete(living, recursive: true);
    }

    /// <summary>
    /// A quick start that was killed while it cleared its folder: the mark was gone, the rest not, and it was refused ever after.
    /// </summary>
    [Fact]
    public void AQuickStartKnowsItsFolderWhateverIsGone()
    {
        Directory.CreateDirectory(Out);
        File.WriteAllText(Path.Combine(Out, FolderLock.FileName), "1 on nowhere\n");
        File.WriteAllText(Path.Combine(Out, "quickstart.yaml" + PendingFile.Suffix), "da");
        var missing = Path.Combine(_folder, "no.gguf");
        var (code, _, error) = CommandLineTests.Run([.. Call("quickstart"), "--set", $"teacher.path={missing}"]);
        Assert.Equal(3, code); // Past the folder: the language model is what it misses.
        Assert.Contains(missing, error);
        Assert.True(File.Exists(Path.Combine(Out, "quickstart.yaml")));
    }

    private string[] Call(string command) => command switch
    {
        "extract" => ["extract", "--teacher", Gguf, "--data", Data(), "--store", Out],
        "store import" => ["data", "store", "import", Out, "--from", Exported()],
        "store export" => ["data", "store", "export", StoreOf(Data()), "--to", Out],
        "data convert" => ["data", "convert", "--data", Data(), "--to", Out],
        "data split" => ["data", "split", "--data", Data(), "--to", Out, "--parts", "a=0.5,b=0.5"],
        "data sample" => ["data", "sample", "--data", Data(), "--to", Out, "--count", "3"],
        "cc-finetune" => ["cc-finetune", "--teacher", Gguf, "--data", Data(), "--output", Out,
            .. Set("cc_finetune.epochs=1", "cc_finetune.adapter.dimension=16", "cc_finetune.device=cpu")],
        "clip-train" => ["clip-train", "--data", Data(), "--store", StoreOf(Data()), "--output", Out, .. Set(
            "model.image_size=16", "model.patch_size=8", "model.width=16", "model.layers=1", "model.heads=1", "model.embed_dim=8",
                "model.adapter_blocks=1",
            "clip_train.steps=1", "clip_train.batch_size=4", "clip_train.device=cpu")],
        "quickstart" => ["quickstart", "--config", Path.Combine(SharedData.RepositoryRoot(), QuickStart.ConfigFile), .. Set(
            $"cc_finetune.output={Out}/teacher", $"cc_finetune.raw_store={Out}/raw", $"extract.store={Out}/store",
                $"extract.raw_store={Out}/raw",
            $"clip_train.output={Out}/student", $"eval.output={Out}", $"eval.raw_store={Out}/raw")],
        _ => ["eval", "retrieval", "--model", NewStudent(), "--teacher", Gguf, "--data", Data(), "--output", Out],
    };

    private static string[] Set(params string[] settings) => [.. settings.SelectMany(setting => new[] { "--set", setting })];

    private string StoreOf(string data)
    {
        var store = Path.Combine(_folder, "store");
        Assert.Equal(0, CommandLineTests.Run("extract", "--teacher", Gguf, "--data", data, "--store", store).Code);
        return store;
    }

    private string Exported()
    {
        var file = Path.Combine(_folder, "rows.parquet");
        Assert.Equal(0, CommandLineTests.Run("data", "store", "export", StoreOf(Data()), "--to", file).Code);
        return file;
    }

    private string NewStudent()
    {
        var folder = Path.Combine(_folder, "student");
        using var student = Student.Create(
            new StudentConfig { ImageSize = 16, PatchSize = 8, Width = 16, Layers = 1, Heads = 1, EmbedDim = 8, AdapterBlocks = 1 }, 64, 1,
                0, CPU);
        student.Save(folder);
        return folder;
    }
}
