namespace Llm2Clip.Engine.SystemNatives;

/// <summary>The system engine: bindings of our own over natives that are already packaged.</summary>
public sealed class SystemEngine : IEngine
{
    private const string SetUp = "./llm2clip setup";

    public string Name => "system";

    public IParquet Parquet { get; } = new DuckDbParquet();

    public IReadOnlyList<NativeComponent> Describe() => [DescribeDuckDb()];

    private static NativeComponent DescribeDuckDb()
    {
        if (DuckDb.LibraryPath is not { } path)
        {
            return new NativeComponent("DuckDB", null, null, "libduckdb.so is missing", SetUp);
        }
        try
        {
            return new NativeComponent("DuckDB", DuckDb.Version(), path);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return new NativeComponent("DuckDB", null, path, e.Message, SetUp);
        }
    }
}
