namespace Llm2Clip;

/// <summary>What long work is at, as another thread sees it at any moment: see <c>Watchdog</c>.</summary>
/// <param name="Done">A count that grows with every piece of progress, such as an image decoded.</param>
/// <param name="Doing">What is being done or waited for, a clause without a full stop; null where nothing is known.</param>
internal readonly record struct Activity(long Done, string? Doing);
