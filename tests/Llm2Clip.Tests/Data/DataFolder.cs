using System.Formats.Tar;
using System.Text;
using Llm2Clip.Data;
using Llm2Clip.Data.WebDataset;
using Llm2Clip.Images;

namespace Llm2Clip.Tests.Data;

/// <summary>
/// A temporary folder with tars and images made by other means than the code under test (System.Formats.Tar), and a log that is kept.
/// </summary>
public sealed class DataFolder : IDisposable, IRunLog
{
    public string Path { get; } = Directory.CreateTempSubdirectory("llm2clip-data").FullName;

    public List<string> Lines { get; } = [];

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes members in the given order.</summary>
    public string Tar(string name, TarEntryFormat format, params (string Name, byte[] Content)[] members)
    {
        using var file = File.Create(this[name]);
        using var tar = new TarWriter(file, format);
        foreach (var (member, content) in members)
        {
            System.Formats.Tar.TarEntry entry = format switch
            {
                TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, member),
                TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, member),
                TarEntryFormat.V7 => new V7TarEntry(TarEntryType.V7RegularFile, member),
                _ => new UstarTarEntry(TarEntryType.RegularFile, member),
            };
            entry.DataStream = new MemoryStream(content);
            tar.WriteEntry(entry);
        }
        return this[name];
    }

    /// <summary>
    /// A shard of <paramref name="count"/> images with keys KEY0.. and one English caption each; <paramref name="bad"/> ones hold no image.
    /// </summary>
    public string Shard(string name, string key, int count, Func<int, bool>? bad = null, int width = 40, int height = 30) =>
        Tar(name, TarEntryFormat.Ustar, [.. Enumerable.Range(0, count).SelectMany(i => new[]
        {
            ($"{key}{i}.jpg", bad?.Invoke(i) == true ? Bytes("not an image") : Image(key.Sum(letter => letter) + i * 7, width, height)),
            ($"{key}{i}.json", Bytes($$$"""{"captions": {"en": ["caption {{{i}}} of {{{key}}}"]}}""")),
        })]);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A JPEG of smooth color gradients that differ by <paramref name="seed"/>.</summary>
    public static byte[] Image(int seed, int width = 40, int height = 30)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(128 + 100 * Math.Sin((i / 3 % width * (1 + seed % 5) + i / 3 / width * (1 + seed % 7)) * 0.02 + i % 3
                + seed));
        }
        return ImageCodec.EncodeJpeg(new RgbImage(width, height, pixels));
    }

    public ISampleSource Open(string pattern, DataConfig? config = null) => Datasets.Open(this[pattern], config ?? new DataConfig(), this);

    public List<Sample> ReadAll(string pattern, DataConfig? config = null) =>
        [.. Datasets.ReadAll(Open(pattern, config), config ?? new DataConfig(), this)];

    public void Info(string message) => Keep(message);

    public void Detail(string message) => Keep(message);

    public void Warn(string message) => Keep("warning: " + message);

    public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private void Keep(string line)
    {
        lock (Lines)
        {
            Lines.Add(line);
        }
    }
}
