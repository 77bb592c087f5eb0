using System.Formats.Tar;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.MakeQuickStart;

/// <summary>Writes images of <see cref="SceneData"/> as WebDataset tars: KEY.png beside KEY.json, or beside KEY.cls.</summary>
public static class SceneShards
{
    /// <summary>
    /// Writes <paramref name="count"/> samples into files FOLDER/NAME-00000.tar and on, at most <paramref name="perShard"/> in each,
    /// each appearing whole or not at all. Returns their paths.
    /// </summary>
    public static IReadOnlyList<string> Write(string folder, string name, int count, int perShard, Func<int, SceneSample> sample) =>
        WriteMembers(folder, name, count, perShard, i =>
        {
            var item = sample(i);
            return [(item.Key + ".png", Png(item.Pixels)), (item.Key + ".json", Json(item))];
        });

    /// <summary>The same of labeled images, with the number of the place instead of captions: KEY.cls, as webdataset has it.</summary>
    public static IReadOnlyList<string> WritePlaces(string folder, string name, int count, int perShard, Func<int, PlaceSample> sample) =>
        WriteMembers(folder, name, count, perShard, i =>
        {
            var item = sample(i);
            var number = ((int)item.Place).ToString(CultureInfo.InvariantCulture);
            return [(item.Key + ".png", Png(item.Pixels)), (item.Key + ".cls", Encoding.ASCII.GetBytes(number))];
        });

    private static List<string> WriteMembers(
        string folder, string name, int count, int perShard, Func<int, IEnumerable<(string Name, byte[] Content)>> members)
    {
        DurableFolder.Create(folder);
        var paths = new List<string>();
        for (var start = 0; start < count; start += perShard)
        {
            var path = Path.Combine(folder, $"{name}-{paths.Count:D5}.tar");
            using var file = new PendingFile(path);
            using (var tar = new TarWriter(file.Stream, TarEntryFormat.Ustar, leaveOpen: true))
            {
                for (var i = start; i < Math.Min(count, start + perShard); i++)
                {
                    foreach (var (member, content) in members(i))
                    {
                        Add(tar, member, content);
                    }
                }
            }
            file.Complete();
            paths.Add(path);
        }
        return paths;
    }

    private static byte[] Png(byte[] pixels) => PngWriter.Encode(pixels, SceneRenderer.ImageSize, SceneRenderer.ImageSize);

    /// <summary>The JSON member: {"captions": {LANGUAGE: {"short": [..], "long": [..]}}}.</summary>
    public static byte[] Json(SceneSample sample)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Files.Json.Writer))
        {
            json.WriteStartObject();
            json.WriteStartObject("captions");
            foreach (var (language, captions) in sample.Captions)
            {
                json.WriteStartObject(language);
                WriteTexts(json, "short", captions.Short);
                WriteTexts(json, "long", captions.Long);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string kind, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(kind);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }
        json.WriteEndArray();
    }

    private static void Add(TarWriter tar, string name, byte[] content) => tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
    {
        DataStream = new MemoryStream(content),
        ModificationTime = DateTimeOffset.UnixEpoch,
        Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
    });
}
