using System.Globalization;
using System.Text;
using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Reporting;

/// <summary>
/// Writes every scalar twice: a line of <c>metrics.jsonl</c> (<c>{"tag", "step", "value", "time"}</c>) and an event of a
/// TensorBoard file (<c>events.out.tfevents.*</c>); and the run's settings, as a line (<c>{"tag", "step", "settings", "time"}</c>) and
/// as a text. Appends, so that a resumed run writes to the same folder: values from beyond the step it resumes at are dropped from the
/// JSONL file by <see cref="DropAfter"/>.
/// </summary>
public sealed class MetricsLog : IMetricsSink, IDisposable
{
    /// <summary>Name of the JSON lines file in the run's folder.</summary>
    public const string FileName = "metrics.jsonl";

    /// <summary>Under which TensorBoard has a run's settings, among its texts.</summary>
    internal const string SettingsTag = "settings";

    private readonly Lock _gate = new();
    private readonly FileStream _lines;
    private readonly FileStream _events;
    private readonly TimeProvider _clock;

    /// <summary>Opens the files of a run in <paramref name="folder"/>, creating it where it is missing.</summary>
    public MetricsLog(string folder, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        DurableFolder.Create(folder);
        _lines = Open(Path.Combine(folder, FileName));
        var seconds = _clock.GetUtcNow().ToUnixTimeSeconds();
        var name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{seconds}.{Environment.ProcessId}.llm2clip");
        _events = Open(Path.Combine(folder, name));
        Append(_events, TensorBoardEvent.Record(TensorBoardEvent.Version(WallTime())));
    }

    /// <inheritdoc/>
    public void Scalar(string tag, long step, double value)
    {
        lock (_gate)
        {
            var time = WallTime();
            // JSON has no NaN: a diverged value is written as null, so that every line stays readable.
            var text = double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : "null";
            Append(_lines, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"{{\"tag\":{JsonSerializer.Serialize(tag, Json.Line)},\"step\":{step},\"value\":{text},\"time\":{time:F3}}}\n")));
            Append(_events, TensorBoardEvent.Record(TensorBoardEvent.Scalar(WallTime(), step, tag, (float)value)));
        }
    }

    /// <inheritdoc/>
    public void Settings(long step, IReadOnlyDictionary<string, string> settings)
    {
        lock (_gate)
        {
            var time = WallTime();
            var json = JsonSerializer.Serialize(settings, Json.Line);
            Append(_lines, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"{{\"tag\":\"{SettingsTag}\",\"step\":{step},\"settings\":{json},\"time\":{time:F3}}}\n")));
            Append(_events, TensorBoardEvent.Record(TensorBoardEvent.Text(time, step, SettingsTag, Table(settings))));
        }
    }

    /// <summary>
    /// Reads a run's metrics: for each tag the points in order of steps. A line cut off by a killed run is left out; of a step that a
    /// resumed run wrote again the last value counts.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<MetricPoint>> Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var series = new SortedDictionary<string, SortedDictionary<long, MetricPoint>>(StringComparer.Ordinal);
        if (File.Exists(path))
        {
            foreach (var line in File.ReadLines(path))
            {
                if (Parse(line) is var (tag, point))
                {
                    if (!series.TryGetValue(tag, out var points))
                    {
                        series[tag] = points = [];
                    }
                    points[point.Step] = point;
                }
            }
        }
        return series.ToDictionary(
            pair => pair.Key,
            pair => (IReadOnlyList<MetricPoint>)[.. pair.Value.Values],
            StringComparer.Ordinal);
    }

    /// <summary>
    /// Removes the points of steps after <paramref name="step"/>, which a resumed run will write again, and a line that a kill cut off.
    /// </summary>
    public static void DropAfter(string folder, long step)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return;
        }
        using var file = new PendingFile(path);
        foreach (var line in File.ReadLines(path).Where(line => StepOf(line) <= step))
        {
            file.Stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        file.Complete();
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        _lines.Dispose();
        _events.Dispose();
    }

    /// <summary>Unbuffered: what is written is a whole line or record, and closing has nothing left to write.</summary>
    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw WriteException.Of(path, error);
        }
    }

    private static void Append(FileStream file, byte[] bytes)
    {
        try
        {
            file.Write(bytes);
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw WriteException.Of(file.Name, error);
        }
    }

    private double WallTime() => _clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>A table in Markdown, which TensorBoard draws.</summary>
    private static string Table(IReadOnlyDictionary<string, string> settings)
    {
        static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
        var rows = settings.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"| {Cell(one.Key)} | {Cell(one.Value)} |\n");
        return $"| setting | value |\n| --- | --- |\n{string.Concat(rows)}";
    }

    /// <summary>The step of a line of either kind; null where it is torn.</summary>
    private static long? StepOf(string line)
    {
        if (Parse(line) is var (_, point))
        {
            return point.Step;
        }
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.TryGetProperty("settings", out _) ? document.RootElement.GetProperty("step").GetInt64() : null;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private static (string Tag, MetricPoint Point)? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var value = root.GetProperty("value");
            var number = value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble();
            return (root.GetProperty("tag").GetString() ?? throw new FormatException("The tag is null."),
                new MetricPoint(root.GetProperty("step").GetInt64(), number));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            // InvalidOperationException: a value of another type, or a text that is not Unicode.
            return null;
        }
    }
}

/// <summary>One value of a series.</summary>
public readonly record struct MetricPoint(long Step, double Value);
