using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Cli;

/// <summary>Mistakes that people make, and what they are told: what is wrong, where, and what to do.</summary>
public sealed class MessageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-messages").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("extract", "teacher", "cc-finetune")]
    [InlineData("eval captions", "teacher", "cc-finetune")]
    [InlineData("clip-train", "teacher", "cc-finetune")]
    [InlineData("eval retrieval", "teacher", "cc-finetune")]
    public void ACommandBeforeItsInputNamesTheCommandThatMakesIt(string command, string what, string first)
    {
        var (code, output, error) = Run(command);
        Assert.Equal((3, ""), (code, output));
        Assert.Equal(
            $"Error: There is no {what} in {_folder}/{what} yet: run `llm2clip {first}` first, with the same run file, or let "
            + "teacher.tuned name another place.\n", error);
    }

    [Theory]
    [InlineData("clip-train", "embedding store", "extract", "extract.store")]
    [InlineData("eval retrieval", "student", "clip-train", "eval.model")]
    public void TheSameWhereTheTeacherIsThere(string command, string what, string first, string key)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "teacher"));
        File.WriteAllText(Path.Combine(_folder, "teacher", "teacher.json"), "{}");
        var (code, _, error) = Run(command);
        Assert.Equal(3, code);
        Assert.StartsWith($"Error: There is no {what} in {_folder}/", error);
        Assert.Contains($"yet: run `llm2clip {first}` first, with the same run file, or let {key} name", error);
    }

    [Fact]
    public void AllMissingKeysAreNamedAtOnce()
    {
        Assert.Equal(
            (2, "", """
            Error: 2 keys are missing
              teacher.tuned is empty: name the teacher that the student was trained with, in the run file or with --set teacher.tuned=...
              data.val is empty: name the images to search, in the run file or with --set data.val=...

            """), CommandLineTests.Run("eval", "retrieval"));
        foreach (var (command, keys) in new[]
        {
            ("cc-finetune", "teacher.path data.train"), ("extract", "teacher.tuned data.train"),
                ("eval captions", "teacher.tuned data.val"),
        })
        {
            var error = CommandLineTests.Run(command.Split(' ')).Error;
            Assert.All(keys.Split(' '), key => Assert.Contains($"\n  {key} is empty: name ", error));
        }
    }

    [Theory]
    [InlineData("cc_finetune.batchsize=3", "cc_finetune.batchsize is not a known key; did you mean cc_finetune.batch_size?")]
    [InlineData("clip_train.batch=3", "clip_train.batch is not a known key; did you mean clip_train.batch_size?")]
    [InlineData("clip_train.epoch=3", "clip_train.epoch is not a known key; did you mean clip_train.epochs?")]
    [InlineData("clip_train.decay=3", "clip_train.decay is not a known key; --print-config lists those there are")]
    [InlineData("eval.queries=3", "eval.queries is not a known key; did you mean eval.shown_queries?")]
    [InlineData("model.crop_scale_min=1", "model.crop_scale_min is not a known key; did you mean data.augment.crop_scale_min?")]
    [InlineData("extract.batch_size=3", "extract.batch_size is not a known key; known keys of extract: store, ")]
    public void AnUnknownKeyIsTakenForOneOfItsSection(string setting, string message) =>
        Assert.Contains(message, CommandLineTests.Run("extract", "--set", setting).Error);

    [Theory]
    [InlineData("cc_finetune.languages=en,de", "cc_finetune.languages is 'en,de'; it must be a list, here [en, de]")]
    [InlineData("extract.languages=en", "extract.languages is 'en'; it must be a list, here [en]")]
    [InlineData("extract.data=a.tar", "extract.data is 'a.tar'; it must be a list, here [a.tar]")]
    [InlineData("data.caption_keys=a,b",
        "data.caption_keys is 'a,b'; it must be a list of sections, such as [{ key: ..., language: ..., kind: ... }]")]
    [InlineData("data.caption_keys=[a]",
        "data.caption_keys.0 is 'a'; it must be a section with keys below it, such as { key: ..., language: ..., kind: ... }")]
    [InlineData("cc_finetune.output=", "cc_finetune.output has no value; it must be a text, \"\" for an empty one")]
    public void WhatWasMeantIsShown(string setting, string message) =>
        Assert.Contains(message, CommandLineTests.Run("extract", "--set", setting).Error);

    [Fact]
    public void TheStoreOfAnotherTeacherSaysWhatDiffers()
    {
        var store = Path.Combine(_folder, "store");
        var (there, here) = (new string('a', 64), new string('b', 64));
        using (var writer = EmbeddingStore.Create(store, there, 4, teacher: Teacher("mean", 512)))
        {
            writer.Complete();
        }
        var error = Assert.Throws<InputException>(() => EmbeddingStore.Open(store, here, Teacher("last", 512)));
        Assert.Equal(
            $"{store} holds vectors of teacher aaaaaaaaaaaa, but the teacher in use is bbbbbbbbbbbb. They differ: teacher.pooling is mean there "
            + "and last here. Go back to that teacher, or name another folder (extract.store); where the old vectors are not needed, delete it "
            + "and run `llm2clip extract`.", error.Message);
        error = Assert.Throws<InputException>(
            () => EmbeddingStore.Create(store, here, 4, teacher: Teacher("mean", 77)));
        Assert.Contains("They differ: teacher.max_length is 512 there and 77 here.", error.Message);
    }

    [Theory]
    [InlineData("nothere")]
    [InlineData("nothere/*.tar")]
    public void AFolderThatDoesNotExistIsNamed(string pattern)
    {
        var (code, _, error) = CommandLineTests.Run("data", "inspect", "--data", Path.Combine(_folder, pattern));
        Assert.Equal(3, code);
        Assert.Contains(Path.Combine(_folder, pattern), error);
    }

    private static Dictionary<string, string> Teacher(string pooling, int length) => new()
    {
        ["model"] = "x.gguf, SHA-256 0123456789ab", ["pooling"] = pooling, ["max_length"] = $"{length}", ["adapter"] = "none",
    };

    /// <summary>A command with a run file whose outputs are all named, and none of which is there.</summary>
    private (int Code, string Output, string Error) Run(string command) => CommandLineTests.Run(
    [
        .. command.Split(' '), "--set", $"data.train={_folder}/train.tar", "--set", $"data.val={_folder}/val.tar",
        "--set", $"cc_finetune.output={_folder}/teacher", "--set", $"extract.store={_folder}/store",
        "--set", $"clip_train.output={_folder}/student", "--set", "clip_train.epochs=1",
    ]);
}
