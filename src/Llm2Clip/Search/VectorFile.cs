using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Files;

namespace Llm2Clip.Search;

/// <summary>A file of named vectors that is being written; it appears under its name at <see cref="Complete"/>.</summary>
internal abstract class VectorFile : IDisposable
{
    /// <summary>Extensions of the formats that are written.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".npy", ".parquet", ".jsonl"];

    /// <summary>Starts a file of the format that its name says.</summary>
    public static VectorFile Create(string path, int dimension)
    {
        DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".npy" => new NumpyFile(path, dimension),
            ".parquet" => new ParquetFile(path),
            ".jsonl" => new JsonLinesFile(path),
            _ => throw new ArgumentException($"{path} ends in none of {string.Join(", ", Extensions)}.", nameof(path)),
        };
    }

    /// <summary>Appends a vector.</summary>
    public abstract void Add(string name, ReadOnlySpan<float> vector);

    /// <summary>Gives the file its name.</summary>
    public abstract void Complete();

    public abstract void Dispose();

    /// <summary>
    /// numpy's format 1.0 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): fp32 [N, D] in C order. It has no place
    /// for names, which are in a text file beside it, one per line.
    /// </summary>
    private sealed class NumpyFile(string path, int dimension) : VectorFile
    {
        /// <summary>With room for any number of rows; a multiple of 64, as the format asks for.</summary>
        private const int HeaderBytes = 128;

        private readonly PendingFile _vectors = Start(path);
        private readonly PendingFile _names = new(Path.ChangeExtension(path, ".names.txt"));
        private long _rows;

        public override void Add(string name, ReadOnlySpan<float> vector)
        {
            _vectors.Stream.Write(MemoryMarshal.AsBytes(vector));
            _names.Stream.Write(Encoding.UTF8.GetBytes(name.ReplaceLineEndings(" ") + "\n"));
            _rows++;
        }

        public override void Complete()
        {
            _vectors.Stream.Flush();
            _vectors.Stream.Position = 0;
            _vectors.Stream.Write(Header(_rows, dimension));
            _names.Complete();
            _vectors.Complete();
        }

        public override void Dispose()
        {
            _vectors.Dispose();
            _names.Dispose();
        }

        private static PendingFile Start(string path)
        {
            var file = new PendingFile(path);
            file.Stream.Write(new byte[HeaderBytes]);
            return file;
        }

        private static byte[] Header(long rows, int dimension)
        {
            var text = string.Create(
                CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}");
            var header = new byte[HeaderBytes];
            Array.Fill(header, (byte)' ');
            new byte[] { 0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0 }.CopyTo(header, 0);
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), HeaderBytes - 10);
            Encoding.ASCII.GetBytes(text).CopyTo(header, 10);
            header[^1] = (byte)'\n';
            return header;
        }
    }

    /// <summary>Columns <c>name</c> and <c>vector</c>, a list of floats.</summary>
    private sealed class ParquetFile(string path) : VectorFile
    {
        private readonly ParquetTableWriter _table = new(path, [new("name", ColumnType.Text), new("vector", ColumnType.FloatVector)]);

        public override void Add(string name, ReadOnlySpan<float> vector)
        {
            _table.Texts("name").Add(name);
            _table.Vectors("vector").Add(vector);
            _table.EndRow();
        }

        public override void Complete() => _table.Complete();

        public override void Dispose() => _table.Dispose();
    }

    /// <summary>A line for each: <c>{"name": ..., "vector": [...]}</c>.</summary>
    private sealed class JsonLinesFile(string path) : VectorFile
    {
        private readonly PendingFile _file = new(path);

        public override void Add(string name, ReadOnlySpan<float> vector)
        {
            using (var json = new Utf8JsonWriter(_file.Stream, Json.Writer))
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteStartArray("vector");
                foreach (var value in vector)
                {
                    json.WriteNumberValue(value);
                }
                json.WriteEndArray();
                json.WriteEndObject();
            }
            _file.Stream.WriteByte((byte)'\n');
        }

        public override void Complete() => _file.Complete();

        public override void Dispose() => _file.Dispose();
    }
}
