namespace Llm2Clip.Tests.Training;

/// <summary>Tests that count native handles of the whole process, or draw from the default generator, run alone.</summary>
[CollectionDefinition("Live tensors", DisableParallelization = true)]
public sealed class LiveTensorsCollection;
