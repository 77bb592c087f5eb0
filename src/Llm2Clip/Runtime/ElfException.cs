namespace Llm2Clip.Runtime;

/// <summary>
/// An ELF file that is damaged, of another kind, or needs more than can be left out. The message follows "FILE cannot be used: ".
/// </summary>
internal sealed class ElfException(string reason) : Exception(reason);
