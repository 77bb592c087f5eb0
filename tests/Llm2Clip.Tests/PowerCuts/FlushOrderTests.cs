using System.Text;
using System.Text.RegularExpressions;
using Llm2Clip.Files;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.PowerCuts;

/// <summary>
/// A power cut, unlike a kill, loses what was not flushed. Which system calls a command really makes is read from strace: whatever gets its
/// final name was flushed before, and the folder that holds the name after.
/// </summary>
public sealed partial class FlushOrderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-order").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("extract", 3)]
    [InlineData("cc-finetune", 10)]
    [InlineData("clip-train", 10)]
    [InlineData("store repair", 3)]
    [InlineData("webdataset", 6)]
    [InlineData("tsv", 9)]
    [InlineData("parquet", 6)]
    public void BytesThenNameThenFolder(string command, int least)
    {
        SceneShards.Write(_folder, "train", 24, 12, new SceneData(seed: 11, validationCount: 4).Training);
        var (data, output, trace) = (Path.Combine(_folder, "train-*.tar"), Path.Combine(_folder, "out"), Path.Combine(_folder, "trace"));
        var gguf = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");
        string[] call = command switch
        {
            "extract" => ["extract", "--teacher", gguf, "--data", data, "--store", output],
            "cc-finetune" =>
            [
                "cc-finetune", "--teacher", gguf, "--data", data, "--output", output, "--set", "cc_finetune.epochs=2", "--set",
                    "cc_finetune.batch_size=12",
                "--set", "cc_finetune.checkpoint_every=1", "--set", "cc_finetune.adapter.dimension=16", "--set", "cc_finetune.device=cpu",
            ],
            "clip-train" =>
            [
                "clip-train", "--data", data, "--store", Store(gguf, data), "--output", output, .. new[]
                {
                    "model.image_size=16", "model.patch_size=8", "model.width=16", "model.layers=1", "model.heads=1", "model.embed_dim=8",
                        "model.adapter_blocks=1",
                    "clip_train.steps=2", "clip_train.checkpoint_every=1", "clip_train.batch_size=4", "clip_train.device=cpu",
                }.SelectMany(setting => new[] { "--set", setting }),
            ],
            "store repair" => ["data", "store", "repair", Damaged(Store(gguf, data))],
            _ => ["data", "convert", "--data", data, "--to", output, "--format", command, "--samples-per-shard", "8"],
        };
        Trace(call, trace);

        var calls = File.ReadLines(trace).Select(line => Call().Match(line)).Where(match => match.Success)
            .Select(match => (Flush: match.Groups["flushed"].Value, From: match.Groups["from"].Value, To: match.Groups["to"].Value))
                .ToList();
        var named = Enumerable.Range(0, calls.Count)
            .Where(i => calls[i].From.EndsWith(PendingFile.Suffix, StringComparison.Ordinal) && calls[i].To.Length > 0).ToList();
        Assert.True(named.Count >= least, $"{named.Count} files got their names, {least} were expected.");
        foreach (var at in named)
        {
            var (_, from, to) = calls[at];
            var before = calls.Take(at).ToList();
            // Of this attempt: behind the last time that the same temporary name was renamed away.
            var since = before.FindLastIndex(call => call.From == from) + 1;
            Assert.Contains(before.Skip(since), call => call.Flush == from);
            var after = calls.Skip(at + 1).TakeWhile(call => call.To.Length == 0).Select(call => call.Flush);
            Assert.Contains(Path.GetDirectoryName(to)!, after);
        }
    }

    private string Store(string gguf, string data)
    {
        var store = Path.Combine(_folder, "store");
        Assert.Equal(0, CommandLineTests.Run("extract", "--teacher", gguf, "--data", data, "--store", store).Code);
        return store;
    }

    private static string Damaged(string store)
    {
        using var file = File.OpenWrite(Path.Combine(store, "vectors-00000.bin"));
        file.WriteByte(0xA5);
        return store;
    }

    private static void Trace(string[] call, string trace)
    {
        var log = new StringBuilder();
        try
        {
            using var process = CutRun.Start("strace",
                ["-f", "-y", "-s", "4096", "-e", "trace=fsync,fdatasync,syncfs,rename,renameat,renameat2", "-e", "signal=none", "-o",
                trace, "dotnet", CutRun.Program, .. call], log);
            process.WaitForExit();
            Assert.SkipWhen(log.ToString().Contains("ptrace", StringComparison.OrdinalIgnoreCase), $"strace may not trace here: {log}");
            Assert.True(process.ExitCode == 0, log.ToString());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("strace is not installed (apt-get install strace).");
        }
    }

    /// <summary>
    /// A flush or a rename that succeeded; a call that another thread's line interrupts ends on a line of its own, and begins on one that
    /// has all we need.
    /// </summary>
    [GeneratedRegex("(?:fsync|fdatasync|syncfs)\\(\\d+<(?<flushed>[^>]*)>|rename(?:at2?)?\\((?:[^,\"]*, )?\"(?<from>[^\"]*)\", (?:[^,\"]*, )?\"(?<to>[^\"]*)\"")]
    private static partial Regex Call();
}
