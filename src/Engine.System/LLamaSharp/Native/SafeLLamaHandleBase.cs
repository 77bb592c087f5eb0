using System.Runtime.InteropServices;

namespace LLama.Native;

/// <summary>Owner of a native object of libllama.</summary>
public abstract class SafeLLamaHandleBase : SafeHandle
{
    private protected SafeLLamaHandleBase()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    public override string ToString() => handle.ToString();
}
