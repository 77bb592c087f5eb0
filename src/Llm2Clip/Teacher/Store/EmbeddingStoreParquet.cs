using System.Collections;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Files;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// The store as Parquet, for other programs: columns <c>hash</c> (32 hexadecimal digits, see <see cref="CaptionHash"/>), <c>vector</c>
/// (list of floats, un-normalized), <c>teacher</c> (the fingerprint) and, where texts are known, <c>text</c>.
/// </summary>
internal static class EmbeddingStoreParquet
{
    private const string Hash = "hash";
    private const string Vector = "vector";
    private const string TeacherName = "teacher";
    private const string Text = "text";

    /// <summary>
    /// Writes all rows. The store keeps no texts: give them to have them in the table; rows without one come last, with a null.
    /// </summary>
    /// <param name="path">A name ending in .parquet for one file, else a folder that gets files of <paramref name="rowsPerFile"/>
    /// rows.</param>
    /// <param name="texts">Captions, in any order, repeated ones too; those that the store has not got are left out.</param>
    /// <returns>Rows written.</returns>
    /// <exception cref="ConfigException">Another process writes there.</exception>
    public static long Export(EmbeddingStore store, string path, IEnumerable<string>? texts = null, int rowsPerFile = 100_000)
    {
        List<ParquetColumn> columns = [new(Hash, ColumnType.Text), new(Vector, ColumnType.FloatVector), new(TeacherName, ColumnType.Text)];
        if (texts is not null)
        {
            columns.Add(new(Text, ColumnType.Text));
        }
        using var rows = Rows(store, texts).GetEnumerator();
        var isFile = path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
        using var writer = isFile ? FolderLock.TakeFile(path) : FolderLock.Take(path);
        if (isFile)
        {
            return Write(path, int.MaxValue);
        }
        long total = 0;
        for (var part = 0; total < store.Count; part++)
        {
            total += Write(Path.Combine(path, $"part-{part:d5}.parquet"), rowsPerFile);
        }
        return total;

        long Write(string file, int most)
        {
            using var table = new ParquetTableWriter(file, columns);
            var (hash, vector, teacher) = (table.Texts(Hash), table.Vectors(Vector), table.Texts(TeacherName));
            var text = texts is null ? null : table.Texts(Text);
            var values = new float[store.Dimension];
            long written = 0;
            for (; written < most && rows.MoveNext(); written++)
            {
                var (key, row, caption) = rows.Current;
                store.Read(row, values);
                hash.Add(key.ToString());
                vector.Add(values);
                teacher.Add(store.Fingerprint);
                text?.Add(caption);
                table.EndRow();
            }
            table.Complete();
            return written;
        }
    }

    /// <summary>
    /// Imports into the store of a folder, or makes one: dimension and teacher come from the first file's first row, the teacher from
    /// <paramref name="fingerprint"/> where the files do not name it.
    /// </summary>
    public static long Import(IReadOnlyList<string> files, string folder, string? fingerprint, VectorType type)
    {
        var (dimension, named) = First(files[0]);
        var teacher = fingerprint ?? (named is { Length: > 0 } ? named : null)
            ?? throw new ConfigException($"{files[0]} does not say whose vectors these are: its first row names no `teacher`. "
                + "Name the teacher's fingerprint (--fingerprint).");
        using var writer = EmbeddingStore.Create(folder, teacher, dimension, EmbeddingStore.TypeOf(folder) ?? type);
        var added = Import(files, writer);
        writer.Complete();
        return added;
    }

    /// <summary>
    /// Appends the rows of Parquet files: <c>vector</c>, and <c>text</c> or <c>hash</c> to find it by. Rows that are there already are
    /// left out. Throws <see cref="InputException"/>, naming file and row, for missing columns, another dimension or another teacher.
    /// </summary>
    /// <returns>Rows that were new.</returns>
    public static long Import(IReadOnlyList<string> files, EmbeddingStoreWriter writer)
    {
        long added = 0;
        foreach (var file in files)
        {
            using var table = ParquetTable.Open(file);
            var rows = new StoreRows(table, writer);
            foreach (var group in table.RowGroups)
            {
                added += rows.Append(group);
            }
            writer.Commit();
        }
        return added;
    }

    /// <summary>The elements of the first row's vector, and the teacher that the row names.</summary>
    private static (int Dimension, string? Teacher) First(string file)
    {
        using var table = ParquetTable.Open(file);
        if (!Has(table, Vector))
        {
            throw Foreign(table);
        }
        var (vector, teacher) = (table.Vectors(Vector), Has(table, TeacherName) ? table.Texts(TeacherName) : null);
        if (table.RowGroups.FirstOrDefault(group => group.Rows > 0) is { } group)
        {
            vector.Read(group);
            teacher?.Read(group);
            if (vector[0].Length > 0)
            {
                return (vector[0].Length, teacher?[0]);
            }
        }
        throw new InputException($"{file} has no row with a vector.");
    }

    private static bool Has(ParquetTable table, string name) => table.Columns.Any(column => column.Name == name);

    private static InputException Foreign(ParquetTable table) =>
        new($"{table.Path} has columns {string.Join(", ", table.Columns.Select(column => column.Name))}; "
            + "a store is imported from `vector` and `hash` or `text`.");

    /// <summary>Rows of a table on their way into a store.</summary>
    private sealed class StoreRows
    {
        private const int BatchRows = 1024;

        private readonly ParquetTable _table;
        private readonly EmbeddingStoreWriter _writer;
        private readonly VectorColumn _vector;
        private readonly TextColumn? _text;
        private readonly TextColumn? _hash;
        private readonly TextColumn? _teacher;
        private readonly CaptionHash[] _hashes = new CaptionHash[BatchRows];

        public StoreRows(ParquetTable table, EmbeddingStoreWriter writer)
        {
            (_table, _writer) = (table, writer);
            if (!Has(table, Vector) || !(Has(table, Text) || Has(table, Hash)))
            {
                throw Foreign(table);
            }
            _vector = table.Vectors(Vector);
            _text = Texts(Text);
            _hash = Texts(Hash);
            _teacher = Texts(TeacherName);

            TextColumn? Texts(string name) => Has(table, name) ? table.Texts(name) : null;
        }

        /// <summary>Reads a row group and appends it; returns how many rows were new.</summary>
        public long Append(ParquetRowGroup group)
        {
            foreach (var column in new ParquetColumnReader?[] { _vector, _text, _hash, _teacher })
            {
                column?.Read(group);
            }
            long added = 0;
            for (var first = 0; first < group.Rows; first += BatchRows)
            {
                var count = Math.Min(BatchRows, group.Rows - first);
                for (var i = 0; i < count; i++)
                {
                    _hashes[i] = Check(first + i, Where(first + i));
                }
                added += _writer.Append(_hashes.AsSpan(0, count), _vector.Slice(first, count), i => Where(first + i));
            }
            return added;

            string Where(int row) => $"{_table.Path}, row {group.FirstRow + row}";
        }

        private CaptionHash Check(int row, string where)
        {
            if (_teacher?[row] is { } name && name != _writer.Fingerprint)
            {
                throw new InputException($"{where}: the vector is of teacher {name}, the store of {_writer.Fingerprint}.");
            }
            if (_vector[row].Length != _writer.Dimension)
            {
                throw new InputException($"{where}: `vector` has {_vector[row].Length} elements, the store's have {_writer.Dimension}.");
            }
            return _text?[row] is { } text ? CaptionHash.Of(text)
                : CaptionHash.TryParse(_hash?[row], out var parsed) ? parsed
                : throw new InputException($"{where}: neither a text nor a hash of 32 hexadecimal digits.");
        }
    }

    /// <summary>All rows, those of <paramref name="texts"/> first.</summary>
    private static IEnumerable<(CaptionHash Hash, long Row, string? Text)> Rows(EmbeddingStore store, IEnumerable<string>? texts)
    {
        var written = new Dictionary<int, BitArray>(); // By shard: one bit per row.
        foreach (var text in texts ?? [])
        {
            var hash = CaptionHash.Of(text);
            if (store.Find(hash) is >= 0 and var row && !Seen(row))
            {
                yield return (hash, row, text);
            }
        }
        foreach (var (hash, row) in store.Rows())
        {
            if (!Seen(row))
            {
                yield return (hash, row, null);
            }
        }

        bool Seen(long row)
        {
            var (shard, bit) = ((int)(row >> 32), (int)row);
            if (!written.TryGetValue(shard, out var bits))
            {
                written[shard] = bits = new BitArray(store.RowsOfShard(shard));
            }
            var seen = bits[bit];
            bits[bit] = true;
            return seen;
        }
    }
}
