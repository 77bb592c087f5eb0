using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Llm2Clip.Engine.Llama;

public sealed partial class NativeErrors
{
    /// <summary>Puts this log in the place of the library's own, which writes to stderr.</summary>
    internal static unsafe void Install() => LlamaImports.llama_log_set(&Receive, null);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void Receive(int level, byte* message, void* data) => Take(level, Marshal.PtrToStringUTF8((nint)message));
}
