using System.Numerics.Tensors;
using Llm2Clip.Layers;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;
using Llm2Clip.Tests.Teachers.Decoder;

namespace Llm2Clip.Tests.Teachers;

/// <summary>A teacher with a LoRA: by a run file's key, by its folder, in both runtimes.</summary>
[Trait("Category", "Golden")]
public sealed class LoraTeacherTests : IDisposable
{
    private static readonly string[] Texts = ["a dog", "two children on a skateboard", "Hund"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Gguf => LlamaCases.GoldenModel("llama");

    private static string Lora(string file) => SharedData.RequireGolden("lora", "llama", file);

    private static float[] Vectors(Teacher teacher) => teacher.Embed(
        Texts, "en", CenteringMode.Training, SilentLog.Instance, TestContext.Current.CancellationToken).Vectors;

    private static Teacher Open(string path, TeacherConfig config) => Teacher.Open(path, config with { Threads = 1, Device = "cpu" });

    /// <summary>The vectors are those of the model that PEFT merged, which golden/lora has as a file of its own.</summary>
    [Theory]
    [InlineData("peft", TeacherRuntime.Llama)]
    [InlineData("lora.gguf", TeacherRuntime.Llama)]
    [InlineData("peft", TeacherRuntime.Tensors)]
    [InlineData("lora.gguf", TeacherRuntime.Tensors)]
    public void AKeyOfTheRunFileGivesTheMergedModelsVectors(string file, TeacherRuntime runtime)
    {
        var config = new TeacherConfig { Runtime = runtime, Precision = Precision.Fp32, Layers = "final, 1 causal" };
        using var merged = Open(Lora("merged.gguf"), config);
        using var plain = Open(Gguf, config);
        using var with = Open(Gguf, config with { Lora = Lora(file) });

        Assert.InRange(LlamaCases.LargestDifference(Vectors(merged), Vectors(with)), 0, 1e-4f);
        Assert.True(LlamaCases.LargestDifference(Vectors(plain), Vectors(with)) > 0.1);
        Assert.NotEqual(plain.Fingerprint, with.Fingerprint);
        Assert.NotEqual(plain.Encoder.Fingerprint, with.Encoder.Fingerprint);
        Assert.Equal("none", plain.Describe()["LoRA"]);
        Assert.StartsWith($"{file}, SHA-256 ", with.Describe()["LoRA"], StringComparison.Ordinal);
    }

    /// <summary>A fingerprint of before there were LoRAs holds for teachers without one.</summary>
    [Fact]
    public void WithoutALoraTheFingerprintIsAsBefore()
    {
        var model = GgufFile.Open(Gguf);
        using var files = TeacherFiles.Open(Gguf);
        Assert.Equal(LlmTextEncoder.FingerprintOf(WeightsHash.Of(model), files.Settings), files.RawFingerprint);
    }

    /// <summary>Another LoRA, another alpha, the same file in another place.</summary>
    [Fact]
    public void TheFingerprintIsOfTheContent()
    {
        var (same, other) = (_folder.File("same.gguf"), _folder.File("other.gguf"));
        File.Copy(Lora("lora.gguf"), same);
        GgufCopy.Write(Lora("lora.gguf"), other, copy => copy.Set("adapter.lora.alpha", 4f));
        string Of(string lora)
        {
            using var files = TeacherFiles.Open(Gguf, new TeacherConfig { Lora = lora });
            return files.RawFingerprint;
        }

        Assert.Equal(Of(Lora("lora.gguf")), Of(same));
        Assert.NotEqual(Of(same), Of(other));
    }

    [Theory]
    [InlineData(TeacherRuntime.Llama)]
    [InlineData(TeacherRuntime.Tensors)]
    public void AFolderNamesItsLora(TeacherRuntime runtime)
    {
        File.Copy(Lora("lora.gguf"), _folder.File(TeacherFolder.LoraName));
        var settings = new TeacherSettings().With(new TeacherConfig { Runtime = runtime, Precision = Precision.Fp32 });
        Write(settings, TeacherFolder.LoraName, null);
        using var folder = Open(_folder.Path, new TeacherConfig());
        using var direct = Open(Gguf, new TeacherConfig { Runtime = runtime, Precision = Precision.Fp32, Lora = Lora("lora.gguf") });
        Assert.Equal(Vectors(direct), Vectors(folder));
        Assert.Equal(direct.Fingerprint, folder.Fingerprint);
        var manifest = folder.Manifest(_folder.Path);
        Assert.Equal((TeacherFolder.LoraName, WeightsHash.OfFile(Lora("lora.gguf"))), (manifest.Lora, manifest.LoraSha256));
    }

    [Fact]
    public void ALoraThatIsNotTheFoldersIsRefused()
    {
        Write(new TeacherSettings(), "gone.gguf", null);
        Refused($"the LoRA 'gone.gguf' is not at {_folder.File("gone.gguf")}");

        GgufCopy.Write(Lora("lora.gguf"), _folder.File("gone.gguf"), copy => copy.Set("adapter.lora.alpha", 4f));
        Refused($", but {_folder.File(TeacherFolder.ManifestName)} was made with {WeightsHash.OfFile(Lora("lora.gguf"))}");

        File.Copy(SharedData.RequireGolden("lora", "gemma3", "lora.gguf"), _folder.File("gone.gguf"), overwrite: true);
        Refused("this LoRA is for architecture 'gemma3' (key 'general.architecture')");

        var path = _folder.File(TeacherFolder.ManifestName);
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"lora\": \"gone.gguf\"", "\"lora\": null", StringComparison.Ordinal));
        Refused("`lora` and `lora_sha256` come together, or neither does");

        void Refused(string part) => Assert.Contains(
            part, Assert.Throws<InputException>(() => Teacher.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ANamedLoraTakesNoOthersPlace()
    {
        File.Copy(Lora("lora.gguf"), _folder.File(TeacherFolder.LoraName));
        Write(new TeacherSettings(), TeacherFolder.LoraName, null);
        var same = new TeacherConfig { Lora = Lora("lora.gguf") };
        using (var files = TeacherFiles.Open(_folder.Path, same))
        {
            Assert.Equal(_folder.File(TeacherFolder.LoraName), files.Model.Lora!.Path);
        }
        var other = new TeacherConfig { Lora = Lora("peft") };
        var error = Assert.Throws<ConfigException>(() => TeacherFiles.Open(_folder.Path, other));
        Assert.StartsWith($"teacher.lora is {Lora("peft")}, and {_folder.Path} has another LoRA.", error.Message, StringComparison.Ordinal);

        Write(new TeacherSettings(), null, null);
        using (var files = TeacherFiles.Open(_folder.Path, other))
        {
            Assert.Equal(Lora("peft"), files.Model.Lora!.Path);
        }
        using var adapter = CcAdapter.Create(
            new AdapterConfig { Kind = AdapterKind.None }, new LanguageMeans(new float[64], []), 0, 1);
        adapter.Save(_folder.File(CcAdapter.FileName));
        Write(new TeacherSettings(), null, CcAdapter.FileName);
        error = Assert.Throws<ConfigException>(() => TeacherFiles.Open(_folder.Path, other));
        Assert.Contains("has an adapter that was trained without it. Leave it out", error.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// The folder that a run's cc-finetune wrote, and the LoRA that the run file names for the LLM: what was made of another is not taken.
    /// A LoRA in the folder itself was trained, and may have begun as any.
    /// </summary>
    [Fact]
    public void ARunsTeacherIsOfItsLora()
    {
        var run = new RunConfig { Output = _folder.File("run"), Teacher = new TeacherConfig { Path = Gguf, Lora = Lora("lora.gguf") } };
        var folder = run.TeacherOutput();
        void Make(string? lora) => TeacherFolder.Write(folder, new TeacherManifest
        {
            Gguf = Gguf, GgufSha256 = WeightsHash.Of(GgufFile.Open(Gguf)), Lora = lora,
            LoraSha256 = lora is null ? null : LoraFiles.Hash(Path.Combine(folder, lora)), Settings = new TeacherSettings(), Dimension = 64,
        });

        Make(Lora("lora.gguf"));
        using (var files = RunTeacher.Open(run, SilentLog.Instance))
        {
            Assert.Equal(WeightsHash.OfFile(Lora("lora.gguf")), files.Model.Lora!.Sha256);
        }
        Make(Lora("peft"));
        Refused($"The teacher in {folder} was made with the LoRA {Lora("peft")}, and teacher.lora names {Lora("lora.gguf")}.");
        Make(null);
        Refused($"The teacher in {folder} was made with no LoRA, and teacher.lora names {Lora("lora.gguf")}.");
        run = run with { Teacher = run.Teacher with { Lora = null } };
        Make(Lora("peft"));
        Refused($"The teacher in {folder} was made with the LoRA {Lora("peft")}, and teacher.lora names none.");

        File.Copy(Lora("lora.gguf"), Path.Combine(folder, TeacherFolder.LoraName));
        Make(TeacherFolder.LoraName);
        RunTeacher.Open(run, SilentLog.Instance).Dispose();

        void Refused(string start) => Assert.StartsWith(
            start, Assert.Throws<ConfigException>(() => RunTeacher.Open(run, SilentLog.Instance)).Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// What is claimed of a written LoRA: equal vectors in libllama, to 0.9999 where the model has half-precision numbers.
    /// </summary>
    [Fact]
    public void AWrittenLoraGivesTheSameVectorsInLibllama()
    {
        var halves = _folder.File("halves.gguf");
        GgufCopy.Write(Gguf, halves, copy =>
        {
            for (var i = 0; i < copy.Tensors.Count; i++)
            {
                copy.Tensors[i] = copy.Tensors[i] with { Type = copy.Tensors[i].Shape.Length == 1 ? GgufType.F32 : GgufType.F16 };
            }
        });
        var found = Measure(halves, Lora("lora.gguf"));
        Assert.True(found.IsExact);
        Assert.InRange(found.Least, 0.9999f, 1.00001f);
        Assert.Equal([GgufType.F16], found.Formats);
        Assert.StartsWith("the lowest cosine of libllama's vectors to the tensors' is ", found.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("8 bits", found.Text, StringComparison.Ordinal);

        var blocks = _folder.File("blocks.gguf");
        using (var lora = LoraFiles.Read(Lora("lora.gguf"), GgufFile.Open(Gguf)))
        {
            MergedGguf.Write(blocks, GgufFile.Open(Gguf), lora, GgufType.Q8_0);
        }
        found = Measure(blocks, Lora("lora.gguf"));
        Assert.False(found.IsExact);
        Assert.InRange(found.Least, 0.99f, 1.00001f);
        Assert.EndsWith("libllama rounds states to 8 bits, with a LoRA and without", found.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void ALoraThatComputesSomethingElseIsNoneToClaim()
    {
        var other = _folder.File("other.gguf");
        GgufCopy.Write(Lora("lora.gguf"), other, copy => copy.Set("adapter.lora.alpha", 4f));
        var error = Assert.Throws<RunException>(() => Measure(Gguf, other));
        Assert.Equal($"{other} does not hold what was trained. Do not use it.", error.Message);

        error = Assert.Throws<RunException>(() => new LoraAgreement(0.99989f, [GgufType.F16]).Require(other));
        Assert.Equal(
            $"{other} does not give in libllama what was trained: the lowest cosine of libllama's vectors to the tensors' is 0.99989. "
            + "Do not use it.", error.Message);
        Assert.Throws<RunException>(() => new LoraAgreement(float.NaN, [GgufType.F32]).Require(other));
        Assert.Throws<RunException>(() => new LoraAgreement(0.98f, [GgufType.Q5_0, GgufType.F16]).Require(other));
        new LoraAgreement(0.998f, [GgufType.Q5_0, GgufType.F16]).Require(other);
    }

    private static LoraAgreement Measure(string gguf, string lora)
    {
        using var trained = LoraFiles.Read(Lora("peft"), GgufFile.Open(Gguf));
        return LoraAgreement.Measure(
            TeacherModel.Of(gguf, lora), trained, new TeacherSettings(), LlamaCases.OneThread with { Device = "cpu" }, Texts,
            TestContext.Current.CancellationToken);
    }

    private void Write(TeacherSettings settings, string? lora, string? adapter) => TeacherFolder.Write(_folder.Path, new TeacherManifest
    {
        Gguf = Gguf,
        GgufSha256 = WeightsHash.Of(GgufFile.Open(Gguf)),
        Lora = lora,
        LoraSha256 = lora is null ? null : WeightsHash.OfFile(Lora("lora.gguf")),
        Settings = settings,
        Dimension = 64,
        Adapter = adapter,
    });
}
