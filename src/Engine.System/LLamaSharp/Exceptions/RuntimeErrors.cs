using LLama.Native;

namespace LLama.Exceptions;

/// <summary>libllama could not do what it was asked to.</summary>
public class RuntimeError(string message) : Exception(message);

/// <summary>A model file was refused. The message ends with what libllama said about it.</summary>
public class LoadWeightsFailedException : RuntimeError
{
    public LoadWeightsFailedException(string modelPath)
        : this(modelPath, "")
    {
    }

    internal LoadWeightsFailedException(string modelPath, string reason)
        : base(reason.Length == 0 ? $"Failed to load model '{modelPath}'." : $"Failed to load model '{modelPath}': {reason}") => ModelPath = modelPath;

    /// <summary>The file that was refused.</summary>
    public string ModelPath { get; }
}
