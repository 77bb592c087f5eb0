using LLama.Exceptions;
using Llm2Clip.Engine.Llama;

namespace Llm2Clip.Engine.SystemNatives;

/// <summary>The system engine: bindings of our own over natives that are already packaged.</summary>
public sealed class SystemEngine : IEngine
{
    private const string SetUp = "./llm2clip setup";

    public string Name => "system";

    public IParquet Parquet { get; } = new DuckDbParquet();

    public IReadOnlyList<NativeComponent> Describe() => [DescribeLlama(), DescribeDuckDb()];

    private static NativeComponent DescribeLlama()
    {
        var version = $"{LlamaLibrary.RequiredRelease} ({LlamaLibrary.RequiredPackage})";
        try
        {
            return new NativeComponent("libllama", $"{version}; {string.Join(", ", LlamaLibrary.Devices)}", LlamaLibrary.Folder);
        }
        catch (Exception e) when (e is RuntimeError or DllNotFoundException or EntryPointNotFoundException)
        {
            return new NativeComponent("libllama", null, null, e.Message, SetUp);
        }
    }

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
