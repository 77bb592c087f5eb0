using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Llm2Clip.Teachers.Llm;

/// <summary>
/// Stops libllama's graph before the output head. libllama multiplies every output token with the whole vocabulary also where only hidden
/// states are asked for, 1.6 to 2.3 times the work of small models. Its <c>cb_eval</c> is asked about every tensor and ends the graph where
/// it answers false behind one: we do so at the last tensor before the head, which is named result_embd_pooled, or result_norm where
/// the graph has no pooling step.
/// </summary>
internal sealed unsafe partial class HeadSkip : IDisposable
{
    private State* _state;

    public HeadSkip() => _state = (State*)NativeMemory.AllocZeroed((nuint)sizeof(State));

    /// <summary>For <c>LLamaContextParams.cb_eval</c>.</summary>
    public static nint Callback => (nint)(delegate* unmanaged[Cdecl]<nint, byte, State*, byte>)&OnTensor;

    /// <summary>For <c>LLamaContextParams.cb_eval_user_data</c>.</summary>
    public nint UserData => (nint)_state;

    /// <summary>False lets the whole graph run.</summary>
    public bool Enabled
    {
        get => _state->Enabled != 0;
        set => _state->Enabled = value ? 1 : 0;
    }

    /// <summary>How often a graph was stopped.</summary>
    public int Stops => _state->Stops;

    public void Dispose()
    {
        NativeMemory.Free(_state);
        _state = null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnTensor(nint tensor, byte ask, State* state)
    {
        if (ask != 0)
        {
            return state->Enabled != 0 && (IsNamed(tensor, "result_embd_pooled"u8) || IsNamed(tensor, "result_norm"u8)) ? (byte)1 : (byte)0;
        }
        state->Stops++;
        return 0;
    }

    /// <summary>Asked for every tensor of a graph. LLamaSharp wraps no call for a tensor's name; ggml, which it loads, has one.</summary>
    private static bool IsNamed(nint tensor, ReadOnlySpan<byte> name) =>
        MemoryMarshal.CreateReadOnlySpanFromNullTerminated(ggml_get_name(tensor)).SequenceEqual(name);

    [LibraryImport("ggml-base")]
    private static partial byte* ggml_get_name(nint tensor);

    private struct State
    {
        public int Enabled;
        public int Stops;
    }
}
