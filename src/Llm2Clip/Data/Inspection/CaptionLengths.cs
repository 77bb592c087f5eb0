namespace Llm2Clip.Data.Inspection;

/// <summary>Lengths of captions in a model's tokens.</summary>
/// <param name="Count">Tokens of a text. Called from several threads.</param>
/// <param name="Limit">Tokens of a text at most; longer ones lose their right end.</param>
internal sealed record CaptionLengths(Func<string, int> Count, int Limit);
