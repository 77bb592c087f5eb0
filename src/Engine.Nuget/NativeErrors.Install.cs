using LLama.Native;

namespace Llm2Clip.Engine.Llama;

public sealed partial class NativeErrors
{
    /// <summary>Puts this log in the place of the library's own, which writes to stderr; LLamaSharp does so when it has loaded the library.</summary>
    static NativeErrors() => NativeLogConfig.llama_log_set((level, message) => Take((int)level, message));
}
