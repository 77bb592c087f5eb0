using System.Collections;
using static TorchSharp.NativeMethods;

namespace TorchSharp.Utils;

/// <summary>
/// Reads and writes the memory of a CPU tensor, element by element in the order of the indices, whatever the strides.
/// Valid while the tensor is.
/// </summary>
public sealed unsafe class TensorAccessor<T> : IEnumerable<T>, IDisposable
    where T : unmanaged
{
    private readonly torch.Tensor tensor;
    private readonly T* start;
    private readonly long[] shape;
    private readonly long[] strides;
    private readonly bool contiguous;

    internal TensorAccessor(torch.Tensor tensor)
    {
        if (!tensor.is_cpu())
        {
            throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        }
        this.tensor = tensor;
        start = (T*)l2c_data_ptr(tensor);
        shape = tensor.shape;
        strides = tensor.stride();
        contiguous = tensor.is_contiguous();
        Count = tensor.numel();
    }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>Always false: writing goes to the tensor.</summary>
    public bool IsReadOnly => false;

    /// <summary>The element at these indices, or with one index the element of that number.</summary>
    public T this[params long[] indices]
    {
        get => *At(indices);
        set => *At(indices) = value;
    }

    /// <summary>A copy of all elements.</summary>
    public T[] ToArray()
    {
        var result = new T[Count];
        CopyTo(result);
        return result;
    }

    /// <summary>Copies from element <paramref name="tensorIndex"/> on into the array from <paramref name="arrayIndex"/> on, as many as both have.</summary>
    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    /// <inheritdoc cref="CopyTo(T[], int, long)"/>
    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = array[arrayIndex..];
        var length = (int)Math.Min(target.Length, Count - tensorIndex);
        if (contiguous)
        {
            new ReadOnlySpan<T>(start + tensorIndex, length).CopyTo(target);
        }
        else
        {
            for (var i = 0; i < length; i++)
            {
                target[i] = start[Offset(tensorIndex + i)];
            }
        }
        GC.KeepAlive(tensor);
    }

    /// <summary>Copies from the array into the tensor from element <paramref name="tensorIndex"/> on.</summary>
    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    /// <inheritdoc cref="CopyFrom(T[], int, long)"/>
    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var source = array[arrayIndex..];
        var length = (int)Math.Min(source.Length, Count - tensorIndex);
        if (contiguous)
        {
            source[..length].CopyTo(new Span<T>(start + tensorIndex, length));
        }
        else
        {
            for (var i = 0; i < length; i++)
            {
                start[Offset(tensorIndex + i)] = source[i];
            }
        }
        GC.KeepAlive(tensor);
    }

    /// <summary>The elements in order.</summary>
    public IEnumerator<T> GetEnumerator()
    {
        for (long i = 0; i < Count; i++)
        {
            yield return Number(i);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Does nothing: the memory belongs to the tensor.</summary>
    public void Dispose()
    {
    }

    private T Number(long index)
    {
        var value = start[contiguous ? index : Offset(index)];
        GC.KeepAlive(tensor);
        return value;
    }

    private T* At(long[] indices)
    {
        if (indices.Length == 1 && shape.Length != 1)
        {
            return indices[0] >= 0 && indices[0] < Count ? start + Offset(indices[0]) : throw Outside(indices);
        }
        if (indices.Length != shape.Length)
        {
            throw new ArgumentException($"{indices.Length} indices for a tensor of {shape.Length} dimensions.", nameof(indices));
        }
        long offset = 0;
        for (var i = 0; i < indices.Length; i++)
        {
            offset += indices[i] >= 0 && indices[i] < shape[i] ? indices[i] * strides[i] : throw Outside(indices);
        }
        return start + offset;
    }

    private ArgumentOutOfRangeException Outside(long[] indices) =>
        new(nameof(indices), $"[{string.Join(", ", indices)}] lies outside the shape [{string.Join(", ", shape)}].");

    private long Offset(long index)
    {
        if (contiguous)
        {
            return index;
        }
        long offset = 0;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            offset += index % shape[i] * strides[i];
            index /= shape[i];
        }
        return offset;
    }
}
