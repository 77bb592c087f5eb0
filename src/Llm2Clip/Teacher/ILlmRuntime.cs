using LLama.Native;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Teachers;

/// <summary>What runs an LLM: libllama, or tensors.</summary>
internal interface ILlmRuntime : IDisposable
{
    /// <summary>The model that texts are tokenized by; the runtime's.</summary>
    LlamaModel Vocabulary { get; }

    /// <summary>Width of the hidden states.</summary>
    int Width { get; }

    /// <summary>Cuts sequences into batches, each given by its members' places among them.</summary>
    IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<LLamaToken[]> sequences);

    /// <summary>
    /// The vectors of a batch's members, row-major [members, layers * <see cref="Width"/>], pooled and not normalized.
    /// </summary>
    /// <param name="rows">All texts.</param>
    /// <param name="members">One of <see cref="Batches"/>.</param>
    float[] Encode(IReadOnlyList<TokenizedText> rows, IReadOnlyList<int> members);
}
