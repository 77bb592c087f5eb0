using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>
/// fp32 numbers, zero at first. On the CPU they lie in a pinned array that tensor operations and managed loops share; on another device
/// they are a tensor alone.
/// </summary>
internal sealed class FlatBuffer : IDisposable
{
    /// <summary>Elements that one thread handles at a time. Sums over chunks do not depend on the number of threads.</summary>
    private const int Chunk = 1 << 16;

    /// <summary>
    /// libtorch's own alignment, in elements of 4 bytes. MKL promises equal bits from run to run for equally aligned data alone (its
    /// guide, "conditional numerical reproducibility"), and where the collector puts an array differs from run to run.
    /// </summary>
    private const int Alignment = 64 / sizeof(float);

    private readonly float[]? _memory;
    private readonly int _start;
    private readonly int _length;

    /// <summary>Takes memory for <paramref name="length"/> numbers.</summary>
    /// <exception cref="NotSupportedException">More than an array can hold (2^31 or so), on the CPU.</exception>
    public FlatBuffer(long length, Device device)
    {
        using var scope = NewDisposeScope();
        if (device.type != DeviceType.CPU)
        {
            Tensor = zeros([length], ScalarType.Float32, device).DetachFromDisposeScope();
            return;
        }
        if (length > System.Array.MaxLength - Alignment)
        {
            throw new NotSupportedException(
                $"{length:N0} weights are more than can be trained on the CPU ({System.Array.MaxLength - Alignment:N0}).");
        }
        _memory = GC.AllocateArray<float>((int)length + Alignment, pinned: true);
        var address = Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) / sizeof(float);
        (_start, _length) = ((int)((Alignment - (address % Alignment)) % Alignment), (int)length);
        // The tensor's storage holds the array, until the last view of it is freed.
        Tensor = frombuffer(_memory, ScalarType.Float32, length, _start).DetachFromDisposeScope();
    }

    /// <summary>The numbers, [n].</summary>
    public Tensor Tensor { get; }

    /// <summary>Whether <see cref="Span"/> shows them.</summary>
    public bool IsShared => _memory is not null;

    /// <summary>The numbers, where they are shared.</summary>
    public Span<float> Span => _memory.AsSpan(_start, _length);

    /// <summary>What holds the shared numbers.</summary>
    internal float[]? Array => _memory;

    /// <summary>
    /// Calls <paramref name="work"/> for the parts of a range of the numbers, on as many threads as tensor operations use. Each part is at
    /// most <see cref="Chunk"/> long.
    /// </summary>
    public static void ForEachChunk(long offset, long length, Action<int, int> work)
    {
        var chunks = (int)((length + Chunk - 1) / Chunk);
        Parallel.For(0, chunks, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, chunk =>
        {
            var at = (long)chunk * Chunk;
            work((int)(offset + at), (int)Math.Min(Chunk, length - at));
        });
    }

    /// <summary>Sum of the squares, in double; on the CPU the same bits each time, whatever the number of threads.</summary>
    public double SquaredNorm()
    {
        if (!IsShared)
        {
            using var quiet = no_grad();
            using var scope = NewDisposeScope();
            return Tensor.to(ScalarType.Float64).Squared().sum().cpu().item<double>();
        }
        var sums = new double[(_length + Chunk - 1) / Chunk];
        ForEachChunk(0, _length, (at, count) => sums[at / Chunk] = SquaredNorm(Span.Slice(at, count)));
        return sums.Sum();
    }

    /// <summary>Frees the tensor; the memory stays until the last view of it is freed.</summary>
    public void Dispose() => Tensor.Dispose();

    private static double SquaredNorm(ReadOnlySpan<float> values)
    {
        var (low, high) = (Vector512<double>.Zero, Vector512<double>.Zero);
        ref var first = ref MemoryMarshal.GetReference(values);
        var i = 0;
        for (; i <= values.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var (a, b) = Vector512.Widen(Vector512.LoadUnsafe(ref first, (nuint)i));
            low += a * a;
            high += b * b;
        }
        var sums = low + high;
        var sum = 0.0;
        for (var lane = 0; lane < Vector512<double>.Count; lane++)
        {
            sum += sums[lane];
        }
        for (; i < values.Length; i++)
        {
            sum += (double)values[i] * values[i];
        }
        return sum;
    }
}
