using Llm2Clip.Configuration;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Tests.Configuration;

public class RecipeTests
{
    /// <summary>Every run file that ships with the project.</summary>
    public static TheoryData<string> Recipes() =>
        [.. Directory.GetFiles(Path.Combine(SharedData.RepositoryRoot(), "configs"), "*.yaml").Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void EveryRecipeIsARunFile(string name)
    {
        var path = Path.Combine(SharedData.RepositoryRoot(), "configs", name);
        var run = ConfigBinder.Load<RunConfig>(path);
        Assert.NotEqual("", run.Data.Train);
        Assert.StartsWith("#", File.ReadAllText(path));
    }
}
