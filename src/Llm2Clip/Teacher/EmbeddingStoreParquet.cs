using System.Collections;
using Llm2Clip.Data;
using Llm2Clip.Engine;
using Llm2Clip.Files;

namespace Llm2Clip.Teachers;

/// <summary>
/// The store as Parquet, for other programs: columns <c>hash</c> (32 hexadecimal digits, see <see cref="CaptionHash"/>), <c>vector</c>
/// (list of floats, un-normalised), <c>teacher</c> (the fingerprint) and, where texts are known, <c>text</c>.
/// </summary>
public static class EmbeddingStoreParquet
{
    private const string Hash = "hash";
    private const string Vector = "vector";
    private const string TeacherName = "teacher";
    private const string Text = "text";

    /// <summary>
    /// Writes all rows. The store keeps no texts: give them to have them in the table; rows without one come last, with a null.
    /// </summary>
    /// <param name="path">A name ending in .parquet for one file, else a folder that gets files of <paramref name="rowsPerFile"/> rows.</param>
    /// <param name="texts">Captions, in any order, repeated ones too; those that the store has not got are left out.</param>
    /// <returns>Rows written.</returns>
    /// <exception cref="ConfigException">Another process writes there.</exception>
    public static long Export(EmbeddingStore store, IParquet parquet, string path, IEnumerable<string>? texts = null, int rowsPerFile = 100_000)
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
            long written = 0;
            parquet.Write(file, columns, Counted());
            return written;

            IEnumerable<object?[]> Counted()
            {
                for (; written < most && rows.MoveNext(); written++)
                {
                    yield return rows.Current;
                }
            }
        }
    }

    /// <summary>
    /// Imports into the store of a folder, or makes one: dimension and teacher come from the first file's first row, the teacher from
    /// <paramref name="fingerprint"/> where the files do not name it.
    /// </summary>
    public static long Import(IParquet parquet, IReadOnlyList<string> files, string folder, string? fingerprint, VectorType type)
    {
        var names = parquet.Inspect(files[0]).Columns.Select(column => column.Name).ToList();
        if (!names.Contains(Vector))
        {
            throw new InputException($"{files[0]} has columns {string.Join(", ", names)}; a store is imported from `vector` and `hash` or `text`.");
        }
        var hasTeacher = names.Contains(TeacherName);
        var first = parquet.Read(files[0], hasTeacher ? [Vector, TeacherName] : [Vector]).FirstOrDefault();
        if (first is not [float[] { Length: > 0 } vector, ..])
        {
            throw new InputException($"{files[0]} has no row with a vector.");
        }
        var teacher = fingerprint ?? (hasTeacher && first[1] is string { Length: > 0 } named ? named : null)
            ?? throw new ConfigException($"{files[0]} does not say whose vectors these are: its first row names no `teacher`. Name the teacher's fingerprint (--fingerprint).");
        using var writer = EmbeddingStore.Create(folder, teacher, vector.Length, EmbeddingStore.TypeOf(folder) ?? type);
        var added = Import(parquet, files, writer);
        writer.Complete();
        return added;
    }

    /// <summary>
    /// Appends the rows of Parquet files: <c>vector</c>, and <c>text</c> or <c>hash</c> to find it by. Rows that are there already are left out.
    /// Throws <see cref="InputException"/>, naming file and row, for missing columns, another dimension or another teacher.
    /// </summary>
    /// <returns>Rows that were new.</returns>
    public static long Import(IParquet parquet, IReadOnlyList<string> files, EmbeddingStoreWriter writer)
    {
        long added = 0;
        foreach (var file in files)
        {
            var (columns, _) = parquet.Inspect(file);
            var names = columns.Select(column => column.Name).ToHashSet();
            var key = names.Contains(Text) ? Text : Hash;
            if (!names.Contains(Vector) || !names.Contains(key))
            {
                throw new InputException($"{file} has columns {string.Join(", ", names)}; a store is imported from `vector` and `hash` or `text`.");
            }
            string[] wanted = [Vector, key, .. names.Contains(Hash) && key != Hash ? [Hash] : Array.Empty<string>(), .. names.Contains(TeacherName) ? [TeacherName] : Array.Empty<string>()];
            long row = 0;
            foreach (var batch in parquet.Read(file, wanted).Chunk(1024))
            {
                added += AppendBatch(writer, file, wanted, batch, row);
                row += batch.Length;
            }
            writer.Commit();
        }
        return added;
    }

    private static int AppendBatch(EmbeddingStoreWriter writer, string file, string[] columns, object?[][] rows, long first)
    {
        var (key, hash, teacher) = (1, Array.IndexOf(columns, Hash), Array.IndexOf(columns, TeacherName));
        var hashes = new CaptionHash[rows.Length];
        var vectors = new float[rows.Length * writer.Dimension];
        for (var i = 0; i < rows.Length; i++)
        {
            var where = $"{file}, row {first + i}";
            if (teacher >= 0 && rows[i][teacher] is string name && name != writer.Fingerprint)
            {
                throw new InputException($"{where}: the vector is of teacher {name}, the store of {writer.Fingerprint}.");
            }
            if (rows[i][0] is not float[] vector || vector.Length != writer.Dimension)
            {
                throw new InputException($"{where}: `vector` has {(rows[i][0] as float[])?.Length ?? 0} elements, the store's have {writer.Dimension}.");
            }
            hashes[i] = columns[key] == Text && rows[i][key] is string text ? CaptionHash.Of(text)
                : hash >= 0 && CaptionHash.TryParse(rows[i][hash] as string, out var parsed) ? parsed
                : throw new InputException($"{where}: neither a text nor a hash of 32 hexadecimal digits.");
            vector.CopyTo(vectors.AsSpan(i * writer.Dimension));
        }
        return writer.Append(hashes, vectors, i => $"{file}, row {first + i}");
    }

    private static IEnumerable<object?[]> Rows(EmbeddingStore store, IEnumerable<string>? texts)
    {
        var written = new Dictionary<int, BitArray>(); // By shard: a bit a row.
        foreach (var text in texts ?? [])
        {
            var hash = CaptionHash.Of(text);
            if (store.Find(hash) is >= 0 and var row && !Seen(row))
            {
                yield return [hash.ToString(), Read(row), store.Fingerprint, text];
            }
        }
        foreach (var (hash, row) in store.Rows())
        {
            if (!Seen(row))
            {
                yield return texts is null ? [hash.ToString(), Read(row), store.Fingerprint] : [hash.ToString(), Read(row), store.Fingerprint, null];
            }
        }

        float[] Read(long row)
        {
            var vector = new float[store.Dimension];
            store.Read(row, vector);
            return vector;
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
