using Llm2Clip.Teachers;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Tests.Teachers;

/// <summary>What a GGUF states of its pooling and attention is followed, or contradicted in words.</summary>
public sealed class StatedSettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WhatTheModelStatesIsFollowed()
    {
        var model = Model(("llama.pooling_type", 3u), ("llama.attention.causal", true));
        var log = new Lines();
        using var teacher = Teacher.Open(model, LlamaCases.OneThread, log);
        Assert.Equal((TeacherPooling.Last, TeacherAttention.Causal), (teacher.Settings.Pooling, teacher.Settings.Attention));
        Assert.Contains("Pooling: last (stated by the GGUF, llama.pooling_type).", log.Infos);
        Assert.Contains("Attention: causal (stated by the GGUF, llama.attention.causal).", log.Infos);
        Assert.Empty(log.Warnings);

        // The same settings by hand are the same teacher, and other ones give other vectors.
        using var named = Teacher.Open(
            model, LlamaCases.OneThread with { Pooling = TeacherPooling.Last, Attention = TeacherAttention.Causal }, log);
        Assert.Equal(teacher.Fingerprint, named.Fingerprint);
        Assert.Equal(teacher.Encoder.Vectors("a red dog"), named.Encoder.Vectors("a red dog"));
        Assert.Empty(log.Warnings);
        using var mean = Teacher.Open(model, LlamaCases.OneThread with { Pooling = TeacherPooling.Mean }, log);
        Assert.NotEqual(teacher.Fingerprint, mean.Fingerprint);
        Assert.NotEqual(teacher.Encoder.Vectors("a red dog"), mean.Encoder.Vectors("a red dog"));
        Assert.Equal(
            $"{model} states pooling last (llama.pooling_type), but teacher.pooling is mean, and that is used: vectors are not those that the "
            + "model was made for. Set teacher.pooling to last, or to null, to follow the model.",
            Assert.Single(log.Warnings));
    }

    [Fact]
    public void AModelThatStatesNothingHasTheDefaultsAndTheFingerprintOfBefore()
    {
        var log = new Lines();
        using var teacher = Teacher.Open(Shipped, LlamaCases.OneThread, log);
        Assert.Equal(new TeacherSettings(), teacher.Settings);
        using var encoder = LlamaCases.Encoder(Shipped);
        Assert.Equal(encoder.Fingerprint, teacher.Fingerprint);
        Assert.Contains("Pooling: mean (default).", log.Infos);
        Assert.Contains("Attention: bidirectional (default).", log.Infos);
        Assert.Empty(log.Warnings);
    }

    [Fact]
    public void APoolingThatIsNotSupportedIsSaid()
    {
        var log = new Lines();
        using var teacher = Teacher.Open(Model(("llama.pooling_type", 2u)), LlamaCases.OneThread, log);
        Assert.Equal(TeacherPooling.Mean, teacher.Settings.Pooling);
        var warning = Assert.Single(log.Warnings);
        Assert.Contains("states pooling cls (llama.pooling_type), but the default is mean", warning, StringComparison.Ordinal);
        Assert.EndsWith("cls is not supported for pooling.", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void ATeacherFolderKeepsItsSettingsAndSaysWhatTheModelStates()
    {
        var model = GgufFile.Open(Model(("llama.pooling_type", 3u)));
        TeacherFolder.Write(_folder.File("teacher"), new TeacherManifest
        {
            Gguf = model.Path, GgufSha256 = WeightsHash.Of(model), Settings = new TeacherSettings(), Dimension = 64,
        });
        var log = new Lines();
        using var teacher = Teacher.Open(_folder.File("teacher"), LlamaCases.OneThread, log);
        Assert.Equal(TeacherPooling.Mean, teacher.Settings.Pooling);
        Assert.Contains("but teacher.json is mean", Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void AKeyOfAnotherTypeIsNamed()
    {
        var model = Model(("llama.attention.causal", "no"));
        var error = Assert.Throws<InputException>(() => Teacher.Open(model, LlamaCases.OneThread));
        Assert.Equal($"{model}: key 'llama.attention.causal' is String, not true or false.", error.Message);
    }

    private static string Shipped => Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");

    /// <summary>The quick start's model with further keys.</summary>
    private string Model(params (string Key, object Value)[] more)
    {
        var path = _folder.File("stated.gguf");
        GgufCopy.Write(Shipped, path, copy => copy.Metadata.AddRange(more));
        return path;
    }

    private sealed class Lines : IRunLog
    {
        public List<string> Infos { get; } = [];

        public List<string> Warnings { get; } = [];

        public void Info(string message) => Infos.Add(message);

        public void Warn(string message) => Warnings.Add(message);

        public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance;
    }
}
