using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Reporting;

/// <summary>
/// Writes every scalar twice: a line of <c>metrics.jsonl</c> (<c>{"tag", "step", "value", "time"}</c>) and an event of a
/// TensorBoard file (<c>events.out.tfevents.*</c>). Appends, so that a resumed run writes to the same folder: values from
/// beyond the step it resumes at are dropped from the JSONL file by <see cref="DropAfter"/>.
/// </summary>
public sealed class MetricsLog : IMetricsSink, IDisposable
{
    /// <summary>Name of the JSON lines file in the run's folder.</summary>
    public const string FileName = "metrics.jsonl";

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
        foreach (var line in File.ReadLines(path).Where(line => Parse(line) is var (_, point) && point.Step <= step))
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

/// <summary>
/// The three messages that TensorBoard's scalar dashboard needs, encoded by hand from tensorflow/core/util/event.proto and
/// framework/summary.proto, in TFRecord framing (length, masked CRC-32C of it, data, masked CRC-32C).
/// </summary>
internal static class TensorBoardEvent
{
    /// <summary>Event { wall_time = 1, file_version = 3 }.</summary>
    public static byte[] Version(double wallTime)
    {
        var message = new MemoryStream();
        WriteDouble(message, 1, wallTime);
        WriteBytes(message, 3, "brain.Event:2"u8);
        return message.ToArray();
    }

    /// <summary>Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }.</summary>
    public static byte[] Scalar(double wallTime, long step, string tag, float number)
    {
        var value = new MemoryStream();
        WriteBytes(value, 1, Encoding.UTF8.GetBytes(tag));
        value.WriteByte((2 << 3) | 5);
        Span<byte> raw = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(raw, number);
        value.Write(raw);

        var summary = new MemoryStream();
        WriteBytes(summary, 1, value.ToArray());

        var message = new MemoryStream();
        WriteDouble(message, 1, wallTime);
        message.WriteByte(2 << 3);
        WriteVarint(message, (ulong)step);
        WriteBytes(message, 5, summary.ToArray());
        return message.ToArray();
    }

    /// <summary>Frames a message as a TFRecord.</summary>
    public static byte[] Record(byte[] message)
    {
        var record = new byte[message.Length + 16];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        message.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + message.Length), MaskedCrc(message));
        return record;
    }

    internal static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var one in data)
        {
            crc = BitOperations.Crc32C(crc, one);
        }
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xa282ead8u;
    }

    private static void WriteDouble(Stream stream, int field, double value)
    {
        stream.WriteByte((byte)((field << 3) | 1));
        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(raw, value);
        stream.Write(raw);
    }

    private static void WriteBytes(Stream stream, int field, ReadOnlySpan<byte> bytes)
    {
        stream.WriteByte((byte)((field << 3) | 2));
        WriteVarint(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void WriteVarint(Stream stream, ulong value)
    {
        while (value >= 0x80)
        {
            stream.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }
        stream.WriteByte((byte)value);
    }
}
