using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Files;

/// <summary>Writing to what is no plain file: links are followed, pipes and devices are written into, never replaced.</summary>
public sealed class OutputTargetTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("output-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task APipeGetsTheContentAndStays()
    {
        var pipe = Make("pipe", "mkfifo");
        var read = ReadAll(pipe);
        PendingFile.Write(pipe, "one");
        Assert.Equal("one", await read);
        Assert.Equal("fifo", TypeOf(pipe));
        read = ReadAll(pipe);
        PendingFile.Write(pipe, new byte[300_000]); // more than a pipe holds
        Assert.Equal(300_000, (await read).Length);
        Assert.Equal(["pipe"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task WhatFailsGivesAPipeNothing()
    {
        var pipe = Make("pipe", "mkfifo");
        using (var file = new PendingFile(pipe))
        {
            file.Stream.Write("half"u8);
        }
        var read = ReadAll(pipe);
        PendingFile.Write(pipe, "whole");
        Assert.Equal("whole", await read);
    }

    [Fact]
    public void ADeviceIsWrittenInto()
    {
        var full = Path.Combine(_folder, "full");
        Assert.SkipUnless(Run("mknod", full, "c", "1", "7") == 0, "Devices can be made by root alone.");
        var error = Assert.Throws<WriteException>(() => PendingFile.Write(full, "text"));
        Assert.StartsWith($"{full} cannot be written: No space left on device", error.Message);
        Assert.Equal("character special file", TypeOf(full));
    }

    [Theory]
    [InlineData("target.json", true)]
    [InlineData("below/target.json", true)]
    [InlineData("new.json", false)]
    public void ALinkIsFollowed(string target, bool exists)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "below"));
        var (file, link, second) = (Path.Combine(_folder, target), Path.Combine(_folder, "link.json"),
            Path.Combine(_folder, "second.json"));
        if (exists)
        {
            File.WriteAllText(file, "old");
        }
        File.CreateSymbolicLink(link, target);
        File.CreateSymbolicLink(second, "link.json");
        PendingFile.Write(second, "new");
        Assert.Equal("new", File.ReadAllText(file));
        Assert.Equal(target, new FileInfo(link).LinkTarget);
        Assert.Equal("link.json", new FileInfo(second).LinkTarget);
    }

    [Fact]
    public void ATableIsWrittenThroughALinkToo()
    {
        var (store, link) = (Path.Combine(_folder, "store"), Path.Combine(_folder, "rows.parquet"));
        using (var writer = EmbeddingStoreWriter.Open(store, "t", 4, VectorType.Fp32))
        {
            StoreCases.Append(writer, 0, 5);
        }
        File.CreateSymbolicLink(link, "table.parquet");
        Assert.Equal(0, CommandLineTests.Run("data", "store", "export", store, "--to", link).Code);
        Assert.Equal("table.parquet", new FileInfo(link).LinkTarget);
        Assert.Equal(5, EmbeddingStoreParquet.Import([Path.Combine(_folder, "table.parquet")], store + "2", null, VectorType.Fp32));
    }

    /// <summary>By name, through the shell's handles, and into a file that the shell has open: all of it arrives.</summary>
    [Theory]
    [InlineData("--json - | cat")]
    [InlineData("--json /dev/stdout | cat")]
    [InlineData("--json /dev/stdout > out.txt; cat out.txt")]
    [InlineData("--json /dev/fd/3 3>&1 >log.txt | cat")]
    public async Task StandardOutputIsAFileToo(string rest)
    {
        var list = FakeData.Write(_folder, "data", 0, 2, 1, "en");
        var cli = Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Cli.dll");
        var start = new ProcessStartInfo("sh") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"dotnet '{cli}' data inspect --data '{list}' --set data.max_bad_share=1 {rest}");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var at = output.IndexOf("{\n", StringComparison.Ordinal);
        Assert.True(at >= 0, output + await error);
        using var json = JsonDocument.Parse(output[at..(output.LastIndexOf('}') + 1)]);
        Assert.Equal("data inspect", json.RootElement.GetProperty("command").GetString());
    }

    private string Make(string name, string command)
    {
        var path = Path.Combine(_folder, name);
        Assert.SkipUnless(Run(command, path) == 0, $"There is no {command} here.");
        return path;
    }

    private static Task<string> ReadAll(string pipe) => Task.Run(() => Encoding.UTF8.GetString(File.ReadAllBytes(pipe)));

    private static int Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }

    private static string TypeOf(string path)
    {
        using var process = Process.Start(new ProcessStartInfo("stat", ["-c", "%F", path]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd().Trim();
    }
}
