using System.Runtime.InteropServices;
using System.Text.Json;
using LLama.Native;

namespace Llm2Clip.Tests.Teachers;

/// <summary>
/// Tensors of a golden <c>expectations.safetensors</c>: F32 and I32 only, read whole. Independent of the project's own reader.
/// </summary>
internal sealed class GoldenStates
{
    private readonly byte[] _bytes;
    private readonly JsonElement _header;
    private readonly int _start;

    public GoldenStates(string path)
    {
        _bytes = File.ReadAllBytes(path);
        _start = 8 + (int)BitConverter.ToInt64(_bytes);
        _header = JsonDocument.Parse(_bytes.AsMemory(8, _start - 8)).RootElement;
        Names = [.. _header.EnumerateObject().Select(entry => entry.Name).Where(name => name != "__metadata__")];
    }

    public IReadOnlyList<string> Names { get; }

    public float[] Floats(string name) => MemoryMarshal.Cast<byte, float>(Data(name)).ToArray();

    public LLamaToken[] Tokens(string name) => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(Data(name)).ToArray(), id => (LLamaToken)id);

    /// <summary>Sequences seq0.ids, seq1.ids, ... in order.</summary>
    public List<LLamaToken[]> Sequences() =>
        [.. Enumerable.Range(0, int.MaxValue).TakeWhile(i => Names.Contains($"seq{i}.ids")).Select(i => Tokens($"seq{i}.ids"))];

    private ReadOnlySpan<byte> Data(string name)
    {
        var offsets = _header.GetProperty(name).GetProperty("data_offsets");
        var (from, to) = (offsets[0].GetInt32(), offsets[1].GetInt32());
        return _bytes.AsSpan(_start + from, to - from);
    }
}
