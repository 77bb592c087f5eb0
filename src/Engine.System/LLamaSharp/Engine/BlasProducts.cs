using Llm2Clip.Natives;

namespace Llm2Clip.Engine.Llama;

/// <summary>
/// Products of quantised weights with the states of many tokens by OpenBLAS in fp32, in the place of libllama's own, which round the states to
/// 8 bits (src/Engine.System/native/products.cpp). On CPUs only; what the library repacks for itself it multiplies itself.
/// </summary>
public static class BlasProducts
{
    /// <summary>Where set-up puts the library, below the natives folder.</summary>
    internal const string File = "torch/libllm2clip_llama.so";

    private static readonly ReaderWriterLockSlim Choice = new();
    private static bool available;

    /// <summary>True where OpenBLAS was found. Loads libllama.</summary>
    public static bool Available
    {
        get
        {
            LlamaLibrary.EnsureLoaded();
            return available;
        }
    }

    /// <summary>
    /// Runs <paramref name="decode"/> with OpenBLAS's products where they are available, or, <paramref name="on"/> being false, with libllama's.
    /// The choice is the process's, and must not change during a decode, whose threads would wait for each other for ever: one without waits
    /// until it is alone.
    /// </summary>
    public static T With<T>(bool on, Func<T> decode)
    {
        if (!Available)
        {
            return decode();
        }
        if (on)
        {
            Choice.EnterReadLock();
            try
            {
                return decode();
            }
            finally
            {
                Choice.ExitReadLock();
            }
        }
        Choice.EnterWriteLock();
        try
        {
            LlamaImports.l2c_products_enable(0);
            return decode();
        }
        finally
        {
            LlamaImports.l2c_products_enable(1);
            Choice.ExitWriteLock();
        }
    }

    /// <summary>Before the backends are loaded: those that are loaded then ask us first. False where set-up has not made the library.</summary>
    internal static bool Join()
    {
        if (NativeLocator.Find(File) is null)
        {
            return false;
        }
        LlamaImports.l2c_products_join();
        return true;
    }

    /// <summary>After the backends are loaded.</summary>
    internal static void Start() => available = LlamaImports.l2c_products_start() != 0;
}
