using Llm2Clip.Data.Parquet;
using Llm2Clip.Tests.Teachers;

namespace Llm2Clip.Tests.Data.Parquet;

/// <summary>Memory while a file is written and read. It is that of the process, so no other test may run beside it.</summary>
[Collection("Native memory")]
public sealed class ParquetMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File_ => _folder.File("table.parquet");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AGroupAtATimeIsInMemory()
    {
        const int Rows = 100_000;
        const int Width = 512;
        long peak = 0;

        // What waits for its collection does not count: how long it waits depends on the memory of the machine.
        static long MemoryInUse()
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
            return Environment.WorkingSet;
        }

        void Watch(int row) => peak = row % 2048 == 0 ? Math.Max(peak, MemoryInUse()) : peak;

        var before = MemoryInUse();
        using (var writer = new ParquetTableWriter(File_, [new("id", ColumnType.Int64), new("vector", ColumnType.FloatVector)]))
        {
            var (id, vector, values) = (writer.Integers("id"), writer.Vectors("vector"), new float[Width]);
            for (var row = 0; row < Rows; row++)
            {
                values.AsSpan().Fill(row);
                id.Add(row);
                vector.Add(values);
                writer.EndRow();
                Watch(row);
            }
            writer.Complete();
        }
        using var table = ParquetTable.Open(File_);
        var (ids, vectors, next) = (table.Integers("id"), table.Vectors("vector"), 0);
        foreach (var group in table.RowGroups)
        {
            ids.Read(group);
            vectors.Read(group);
            for (var row = 0; row < group.Rows; row++, next++)
            {
                var vector = vectors[row];
                Assert.True(next == ids[row] && vector.Length == Width && vector[0] == next && vector[^1] == next, $"row {next}");
                Watch(next);
            }
        }
        Assert.Equal(Rows, next);
        // All vectors together are 205 MB, with their levels three times that.
        Assert.True(peak - before < 400_000_000, $"working set grew by {(peak - before) / 1_000_000} MB");
    }
}
