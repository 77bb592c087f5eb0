using Llm2Clip.Configuration;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Tests.Configuration;

/// <summary>What <c>--print-config</c> says of keys that are left empty.</summary>
public sealed class EffectiveValuesTests
{
    private static IReadOnlyDictionary<string, string> Of(params string[] settings) =>
        EffectiveValues.Of(ConfigBinder.Parse<RunConfig>("", "test", settings));

    /// <summary>
    /// No key may leave a reader to guess: every one that may be null, or whose description says what empty means, has a value.
    /// </summary>
    [Fact]
    public void EveryKeyThatStandsForSomethingElseSaysForWhat()
    {
        var values = Of();
        var silent = Keys(typeof(RunConfig), "")
            .Where(key => key.Key.AllowsNull || key.Key.Description?.Contains("mpty = ", StringComparison.Ordinal) == true)
            .Where(key => key.Key.Property.GetValue(key.Record) is null or "" or System.Collections.ICollection { Count: 0 })
            .Select(key => key.Path)
            .Except(values.Keys)
            .Except(["model.init", "model.preset", "inspect.against", "eval_captions.language_text"]); // Empty is what it says: none.
        Assert.Empty(silent);
    }

    [Fact]
    public void WhatOneKeySaysOfAnotherIsFollowed()
    {
        var values = Of(
            "cc_finetune.output=runs/t", "clip_train.output=runs/s", "data.train=a.tar", "data.val=b.tar", "clip_train.learning_rate=3e-4",
            "clip_train.loss=sigmoid", "model.preset=vit-b-32");
        Assert.Equal("runs/t (cc_finetune.output)", values["teacher.tuned"]);
        Assert.Equal("runs/t-raw", values["cc_finetune.raw_store"]);
        Assert.Equal("runs/s (clip_train.output)", values["eval.model"]);
        Assert.Equal("a.tar, b.tar", values["extract.data"]);
        Assert.Equal(Path.Combine("runs/default", "vectors"), values["extract.store"]);
        Assert.Equal("b.tar (data.val)", values["eval_captions.data"]);
        Assert.Equal("0.0003", values["clip_train.text_learning_rate"]);
        Assert.Equal("10", values["clip_train.scale_start"]);
        Assert.Equal("32", values["model.patch_size"]);
        Assert.Equal("quick_gelu", values["model.activation"]);
        Assert.Equal("from the GGUF, else mean", values["teacher.pooling"]);
        Assert.Equal("256", values["teacher.batch_tokens"]);
        Assert.Equal("512", Of("teacher.runtime=tensors")["teacher.batch_tokens"]);
    }

    [Fact]
    public void AKeyWithAValueOfItsOwnHasNoOther() =>
        Assert.DoesNotContain("model.width", Of("model.width=96", "model.heads=3").Keys);

    [Fact]
    public void TheyArePrintedInFrontOfTheComment()
    {
        var run = ConfigBinder.Parse<RunConfig>("", "test", ["data.train=a.tar"]);
        var printed = ConfigBinder.Print(run, EffectiveValues.Of(run));
        Assert.Contains("  data: []  # = a.tar; Data patterns", printed, StringComparison.Ordinal);
        Assert.Equal(printed, ConfigBinder.Print(ConfigBinder.Parse<RunConfig>(printed, "printed"), EffectiveValues.Of(run)));
    }

    private static IEnumerable<(string Path, ConfigKey Key, object Record)> Keys(Type type, string before, object? record = null)
    {
        record ??= Activator.CreateInstance(type)!;
        foreach (var key in ConfigSchema.Of(type).Keys)
        {
            if (key.Type.Form == ConfigForm.Record)
            {
                foreach (var below in Keys(key.Type.Type, $"{before}{key.Name}.", key.Property.GetValue(record)))
                {
                    yield return below;
                }
                continue;
            }
            yield return (before + key.Name, key, record);
        }
    }
}
