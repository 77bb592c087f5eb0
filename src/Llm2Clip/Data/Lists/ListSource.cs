using System.Text;
using System.Text.Json;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Images that list files name, with the captions that are there. A chunk of a list is a shard; no image is opened before it is asked for.
/// </summary>
internal sealed class ListSource(string pattern, string format, IReadOnlyList<ListFile> files) : ISampleSource
{
    private readonly (ListFile File, int Chunk)[] _shards =
        [.. files.SelectMany(file => Enumerable.Range(0, file.Chunks.Count).Select(chunk => (file, chunk)))];

    public string Description => $"{pattern} ({format}, {files.Count} file{(files.Count == 1 ? "" : "s")})";

    public bool IsUpright => files.All(file => file.HasImageFiles);

    public int ShardCount => _shards.Length;

    public string ShardName(int shard) =>
        $"{_shards[shard].File.Path} from record {_shards[shard].File.Chunks[_shards[shard].Chunk].First}";

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        var (file, chunk) = _shards[shard];
        foreach (var problem in chunk == 0 ? file.Problems : [])
        {
            onBad(problem);
        }
        try
        {
            foreach (var record in file.Records(file.Chunks[chunk]))
            {
                if (Read(file, record, onBad) is { } sample)
                {
                    yield return sample;
                }
            }
        }
        finally
        {
            file.Close();
        }
    }

    private static Sample? Read(ListFile file, ListRecord record, Action<BadSample> onBad)
    {
        var origin = $"{file.Path}: {record.Place}";
        var remarks = new List<string>();
        try
        {
            if (file.Read(record, remarks) is not { } listed)
            {
                return null;
            }
            foreach (var remark in remarks)
            {
                onBad(new BadSample(origin, remark, Kept: true));
            }
            return new Sample(listed.Key, $"{origin}: {listed.Name}", listed.Captions, listed.Image);
        }
        catch (Exception e) when (e is BadRecordException or JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // InvalidOperationException: a JSON string that is not valid Unicode.
            var reason = e switch
            {
                BadRecordException => e.Message,
                DecoderFallbackException => "is not valid UTF-8. " + CsvList.HowToConvert,
                _ => "is not valid JSON: " + e.Message,
            };
            onBad(new BadSample(origin, reason, Cause: (e as BadRecordException)?.Cause ?? BadSampleCause.BadRecord));
            return null;
        }
    }
}
