using System.Text;
using Llm2Clip.Files;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Weights;

namespace Llm2Clip.Tests.PowerCuts;

/// <summary>
/// Full disks, read-only ones and size limits at every writer: said clearly, nothing half written, and gone on from when there is room.
/// </summary>
public sealed class DiskTroubleTests : IDisposable
{
    private const int Roomy = 64_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-trouble").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Gguf => Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");

    /// <summary>Disks of many sizes, so that it is another file each time that finds no room.</summary>
    [Theory]
    [InlineData("extract", new[] { 8, 20 })]
    [InlineData("cc-finetune", new[] { 8, 90, 160 })]
    [InlineData("clip-train", new[] { 8, 200, 500 })]
    [InlineData("webdataset", new[] { 8, 40 })]
    [InlineData("tsv", new[] { 8, 40 })]
    [InlineData("parquet", new[] { 8, 40 })]
    [InlineData("export", new[] { 4, 12 })]
    public void AFullDiskIsSaidAndGoneOnFrom(string command, int[] sizes)
    {
        var call = Prepare(command);
        foreach (var size in sizes)
        {
            using var disk = new SmallDisk(size);
            var (code, _, error) = CommandLineTests.Run(call(disk.Path));
            Assert.True(code == 1, $"{size} kB: exit code {code}\n{error}");
            Assert.Contains("No space left on device", error);
            Assert.Contains($"Error: {disk.Path}/", error);
            Assert.DoesNotContain("fault of the program", error);
            Assert.DoesNotContain(PendingFile.Suffix, error);
            AssertSound(disk.Path);

            disk.Resize(Roomy);
            (code, _, error) = CommandLineTests.Run(call(disk.Path));
            Assert.True(code == 0, $"{size} kB, with room: exit code {code}\n{error}");
            CutRun.AssertNothingTemporary(disk.Path);
        }
    }

    [Theory]
    [InlineData("extract")]
    [InlineData("cc-finetune")]
    [InlineData("clip-train")]
    [InlineData("webdataset")]
    [InlineData("tsv")]
    [InlineData("parquet")]
    [InlineData("export")]
    public void AReadOnlyDiskIsSaid(string command)
    {
        var call = Prepare(command);
        using var disk = new SmallDisk(Roomy);
        disk.MakeReadOnly();
        var (code, _, error) = CommandLineTests.Run(call(disk.Path));
        Assert.Equal(1, code);
        Assert.Contains($"Error: {disk.Path}/", error);
        Assert.Contains("cannot be written: Read-only file system.", error);
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
        disk.Resize(Roomy);
        Assert.Equal(0, CommandLineTests.Run(call(disk.Path)).Code);
    }

    /// <summary>The disk turns read-only (as the kernel does after an error) under a run that goes on from a checkpoint.</summary>
    [Fact]
    public void ACheckpointOutlivesADiskThatTurnsReadOnly()
    {
        var call = Prepare("clip-train");
        using var disk = new SmallDisk(Roomy);
        Assert.Equal(0, CommandLineTests.Run(call(disk.Path)).Code);
        var before = Directory.GetFiles(disk.Path, "*", SearchOption.AllDirectories).Order().ToDictionary(path => path, File.ReadAllBytes);
        disk.MakeReadOnly();
        var (code, _, error) = CommandLineTests.Run(call(disk.Path));
        Assert.Equal(1, code);
        Assert.Contains("cannot be written: Read-only file system.", error);
        Assert.Equal(before, Directory.GetFiles(disk.Path, "*", SearchOption.AllDirectories).Order()
            .ToDictionary(path => path, File.ReadAllBytes));
    }

    /// <summary>EFBIG, which .NET throws as ArgumentOutOfRangeException, and which was reported as a fault of the program.</summary>
    [Theory]
    [InlineData("extract", 16)]
    [InlineData("clip-train", 32)]
    [InlineData("webdataset", 16)]
    [InlineData("tsv", 2)]
    [InlineData("parquet", 4)]
    public void ALimitOfTheFileSizeIsSaid(string command, int kilobytes)
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "ulimit is bash's.");
        var call = Prepare(command);
        // The runtime maps 2 GB of its own through a file unless it is told not to.
        var script = $"ulimit -f {kilobytes}; export DOTNET_EnableWriteXorExecute=0; exec dotnet \"$@\"";
        var (code, error) = Run("/bin/bash", ["-c", script, "bash", CutRun.Program, .. call(_folder)]);
        Assert.True(code == 1, $"exit code {code}\n{error}");
        Assert.Contains($"Error: {_folder}/", error);
        Assert.Contains("File too large", error);
        Assert.DoesNotContain("fault of the program", error);
        AssertSound(_folder);
        Assert.Equal(0, CommandLineTests.Run(call(_folder)).Code);
    }

    /// <summary>A folder that others may not write to, for a process that is not root.</summary>
    [Theory]
    [InlineData("extract")]
    [InlineData("webdataset")]
    public void AForbiddenFolderIsSaid(string command)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has other permissions.");
            return;
        }
        Assert.SkipUnless(!Environment.IsPrivilegedProcess || File.Exists("/usr/bin/setpriv"),
            "Root may write anywhere, and there is no setpriv to become another.");
        var call = Prepare(command);
        var locked = Directory.CreateDirectory(Path.Combine(_folder, "locked")).FullName;
        File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        string[] program = ["dotnet", CutRun.Program, .. call(locked)];
        string[] whole = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", .. program]
            : program;
        var (code, error) = Run(whole[0], whole[1..]);
        Assert.SkipUnless(error.Contains("Error: ", StringComparison.Ordinal), $"Another user cannot run the program here: {error}");
        Assert.Equal(1, code);
        Assert.Contains($"Error: {locked}/", error);
        Assert.Contains("cannot be written: Permission denied.", error);
    }

    private static (int Code, string Output) Run(string program, string[] arguments)
    {
        var log = new StringBuilder();
        using var process = CutRun.Start(program, arguments, log);
        process.WaitForExit();
        return (process.ExitCode, log.ToString());
    }

    /// <summary>What stands under its name is whole.</summary>
    private static void AssertSound(string root)
    {
        foreach (var manifest in Directory.GetFiles(root, "manifest.json", SearchOption.AllDirectories))
        {
            Assert.Empty(EmbeddingStoreRecovery.Verify(Path.GetDirectoryName(manifest)!));
        }
        foreach (var file in Directory.GetFiles(root, "*.safetensors", SearchOption.AllDirectories))
        {
            SafetensorsFile.Open(file).Dispose();
        }
        foreach (var file in Directory.GetFiles(root, "*.json", SearchOption.AllDirectories))
        {
            System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(file)).Dispose();
        }
        CutRun.AssertNothingTemporary(root);
    }

    /// <summary>The call of a command for an output disk; what it needs is made on another.</summary>
    private Func<string, string[]> Prepare(string command)
    {
        SceneShards.Write(Path.Combine(_folder, "in"), "train", 30, 15, new SceneData(seed: 11, validationCount: 4).Training);
        var data = Path.Combine(_folder, "in", "train-*.tar");
        var store = Path.Combine(_folder, "in", "store");
        if (command is "clip-train" or "export")
        {
            Assert.Equal(0, CommandLineTests.Run("extract", "--teacher", Gguf, "--data", data, "--store", store).Code);
        }
        return command switch
        {
            "extract" => disk => ["extract", "--teacher", Gguf, "--data", data, "--store", disk + "/store", "--set", "extract.window=16"],
            "cc-finetune" => disk => ["cc-finetune", "--teacher", Gguf, "--data", data, "--output", disk + "/teacher", .. Set(
                $"cc_finetune.raw_store={_folder}/in/raw", "cc_finetune.epochs=3", "cc_finetune.batch_size=15",
                    "cc_finetune.checkpoint_every=1", "cc_finetune.adapter.dimension=32", "cc_finetune.device=cpu")],
            "clip-train" => disk => ["clip-train", "--data", data, "--store", store, "--output", disk + "/student", .. Set(
                "model.image_size=32", "model.patch_size=8", "model.width=32", "model.layers=1", "model.heads=2", "model.embed_dim=16",
                    "model.adapter_blocks=1",
                "clip_train.steps=6", "clip_train.batch_size=8", "clip_train.checkpoint_every=1", "clip_train.device=cpu")],
            "export" => disk => ["data", "store", "export", store, "--to", disk + "/rows"],
            _ => disk => ["data", "convert", "--data", data, "--to", disk + "/set", "--format", command, "--samples-per-shard", "8"],
        };
    }

    private static string[] Set(params string[] settings) => [.. settings.SelectMany(setting => new[] { "--set", setting })];
}
