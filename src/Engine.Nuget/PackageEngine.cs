using System.Reflection;

namespace Llm2Clip.Engine.Packages;

/// <summary>The packages as they are published.</summary>
public sealed class PackageEngine : IEngine
{
    public string Name => "packages";

    public IParquet Parquet { get; } = new ParquetNet();

    public IReadOnlyList<NativeComponent> Describe() => [Managed("Parquet.Net", typeof(Parquet.ParquetReader).Assembly)];

    public ComputeFacts Compute() => new(0, null, null, 0, []);

    private static NativeComponent Managed(string name, Assembly assembly) => new(name, assembly.GetName().Version?.ToString(3), assembly.Location);
}
