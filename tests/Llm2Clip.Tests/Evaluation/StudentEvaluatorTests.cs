using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Images;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Evaluation;

public sealed class StudentEvaluatorTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void MissingVectorsAreSaidBeforeTheTraining()
    {
        _folder.Shard("a.tar", "k", 4);
        using (var writer = EmbeddingStore.Create(_folder["store"], "teacher", 2))
        {
            writer.Append(["caption 0 of k", "caption 2 of k"], [1, 2, 3, 4]);
            writer.Complete();
        }
        var error = Assert.Throws<InputException>(Check);
        Assert.Contains("no vector of 2 captions", error.Message, StringComparison.Ordinal);
        Assert.Contains("\"caption 1 of k\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("in en", error.Message, StringComparison.Ordinal);

        using (var writer = EmbeddingStore.Create(_folder["store"], "teacher", 2))
        {
            writer.Append(["caption 1 of k", "caption 3 of k"], [1, 2, 3, 4]);
            writer.Complete();
        }
        Check();
    }

    private void Check()
    {
        using var store = EmbeddingStore.Open(_folder["store"]);
        var source = Datasets.Open(_folder["a.tar"], new DataConfig(), SilentLog.Instance);
        new StudentEvaluator(source, LoaderConfig.ForEvaluation(new DataConfig(), new ImageTransformConfig(), 4), ["en"], store)
            .Check(TestContext.Current.CancellationToken);
    }
}
