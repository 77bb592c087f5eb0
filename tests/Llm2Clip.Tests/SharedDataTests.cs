namespace Llm2Clip.Tests;

public class SharedDataTests
{
    [Fact]
    public void RepositoryRootHoldsTheSolution() => Assert.True(File.Exists(Path.Combine(SharedData.RepositoryRoot(), "Llm2Clip.sln")));
}
