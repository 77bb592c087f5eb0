using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Llm2Clip.Teachers.Llm;

/// <summary>
/// Reads tensors of libllama's graph while it is computed, and stops it behind the last one that is needed. libllama's <c>cb_eval</c> is
/// asked about every tensor before it is computed; where it answers true it is called again when the tensor is there, and ends the graph
/// where it then answers false. So the blocks behind the deepest one that is read cost nothing, nor does the output head, which libllama
/// otherwise multiplies with every token, 1.6 to 2.3 times the work of small models.
/// </summary>
internal sealed unsafe partial class GraphTap : IDisposable
{
    /// <summary>The last tensor before the head; the second where the graph has no pooling step.</summary>
    private static readonly byte[][] HeadNames = ["result_embd_pooled"u8.ToArray(), "result_norm"u8.ToArray()];

    private readonly List<TappedTensor> _tensors = [];
    private GCHandle _self;
    private int _left; // tensors that are still to be read of the running graph

    public GraphTap() => _self = GCHandle.Alloc(this);

    /// <summary>For <c>LLamaContextParams.cb_eval</c>.</summary>
    public static nint Callback => (nint)(delegate* unmanaged[Cdecl]<nint, byte, nint, byte>)&OnTensor;

    /// <summary>For <c>LLamaContextParams.cb_eval_user_data</c>.</summary>
    public nint UserData => GCHandle.ToIntPtr(_self);

    /// <summary>Whether the graph ends before the output head.</summary>
    public bool StopsAtHead { get; set; }

    /// <summary>Whether the graph ends behind the last tensor that is read. Nothing behind it may be asked for then.</summary>
    public bool StopsAtLast { get; set; }

    /// <summary>How often a graph was stopped.</summary>
    public int Stops { get; private set; }

    /// <summary>Takes name and number of elements of each tensor of a graph, in the order of computation; null = not asked for.</summary>
    public List<(string Name, long Elements)>? Survey { get; set; }

    /// <summary>Reads a tensor in every graph from now on.</summary>
    public void Add(TappedTensor tensor) => _tensors.Add(tensor);

    /// <summary>Before a graph: nothing of it has been read.</summary>
    public void Begin()
    {
        _left = _tensors.Count;
        foreach (var tensor in _tensors)
        {
            tensor.Count = 0;
        }
    }

    public void Dispose()
    {
        if (_self.IsAllocated)
        {
            _self.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnTensor(nint tensor, byte ask, nint tap) =>
        ((GraphTap)GCHandle.FromIntPtr(tap).Target!).On(tensor, ask != 0) ? (byte)1 : (byte)0;

    /// <summary>
    /// Whether a tensor is wanted, or, when it is there, whether the graph runs on. It must not throw: the caller is C code.
    /// </summary>
    private bool On(nint tensor, bool ask)
    {
        // LLamaSharp wraps no call for a tensor's name; ggml, which it loads, has one.
        var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(ggml_get_name(tensor));
        if (ask)
        {
            Survey?.Add((Encoding.UTF8.GetString(name), ggml_nelements(tensor)));
            return Find(name) is not null || (StopsAtHead && IsHead(name));
        }
        if (Find(name) is { } wanted)
        {
            wanted.Read(tensor, ggml_nbytes(tensor));
            _left--;
            if (_left > 0 || !StopsAtLast)
            {
                return true;
            }
        }
        Stops++;
        return false;
    }

    private TappedTensor? Find(ReadOnlySpan<byte> name)
    {
        foreach (var tensor in _tensors)
        {
            if (name.SequenceEqual(tensor.Utf8Name) && tensor.Count == 0)
            {
                return tensor;
            }
        }
        return null;
    }

    private static bool IsHead(ReadOnlySpan<byte> name) => name.SequenceEqual(HeadNames[0]) || name.SequenceEqual(HeadNames[1]);

    [LibraryImport("ggml-base")]
    private static partial byte* ggml_get_name(nint tensor);

    [LibraryImport("ggml-base")]
    private static partial long ggml_nelements(nint tensor);

    [LibraryImport("ggml-base")]
    private static partial nuint ggml_nbytes(nint tensor);
}

/// <summary>A tensor of the graph that is read, and its values in the graph that ran last.</summary>
internal sealed unsafe partial class TappedTensor(string name)
{
    private float[] _values = [];

    /// <summary>Its name in the graph.</summary>
    public string Name => name;

    /// <summary>The name as libllama has it.</summary>
    public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(name);

    /// <summary>Values that were read; 0 = none.</summary>
    public int Count { get; set; }

    /// <summary>The values, row-major [tokens, width].</summary>
    public ReadOnlySpan<float> Values => _values.AsSpan(0, Count);

    /// <summary>Copies the values of a tensor of so many bytes, which are fp32.</summary>
    public void Read(nint tensor, nuint bytes)
    {
        Count = (int)(bytes / sizeof(float));
        if (_values.Length < Count)
        {
            _values = new float[Count];
        }
        fixed (float* into = _values)
        {
            ggml_backend_tensor_get(tensor, into, 0, bytes);
        }
    }

    [LibraryImport("ggml-base")]
    private static partial void ggml_backend_tensor_get(nint tensor, float* into, nuint offset, nuint bytes);
}
