using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Tests.Configuration;

/// <summary>Each key is checked in its record, so that all mistakes of a run file are said at once.</summary>
public sealed class RunFileChecksTests
{
    private const string Mistakes = """
        data:
          max_bad_share: 2
        teacher:
          max_length: 3
        cc_finetune:
          learning_rate: 0
        extract:
          window: 0
        model:
          image_size: 225
        clip_train:
          epochs: -1
        eval:
          batch_size: 0
        eval_captions:
          pairs: [en-zh]
        eval_zeroshot:
          shown_classes: 1
        eval_linear_probe:
          held_out: 1
        longclip_stretch:
          ratio: 0
        longclip_export:
          padding: none
        longclip:
          label_smoothing: 1
        convert:
          format: crossmodal3600
        export:
          type: q4_0
        inspect:
          listed: -1
        index:
          batch_size: 0
        search:
          from: May
        serve:
          queue: 0
        embed:
          output: vectors.txt
        compare:
          depth: 3
        sweep:
          seeds: [1, 1]
        """;

    [Fact]
    public void OneMistakeInEachSectionIsAProblemEachAtOnce()
    {
        var error = Assert.Throws<ConfigException>(() => ConfigBinder.Parse<RunConfig>(Mistakes, "run.yaml"));
        string[] expected =
        [
            "data.max_bad_share is '2'; it must be 0 to 1", "teacher.max_length is '3'; it must be from 8",
                "cc_finetune.learning_rate is 0;",
            "extract.window is '0'", "model.image_size is 225", "clip_train.epochs leaves no budget", "eval.batch_size is '0'",
            "eval_captions.pairs holds \"en-zh\"", "eval_zeroshot.shown_classes is '1'", "eval_linear_probe.held_out is '1'",
            "longclip_stretch.ratio is '0'; it must be 1 to 1024", "longclip_export.padding is 'none'; it must be one of end, zero",
            "longclip.label_smoothing is '1'", "convert.format is crossmodal3600, which is not written",
            "export.type is 'q4_0'", "inspect.listed is '-1'",
            "index.batch_size is '0'", "search.from is 'May'", "serve.queue is '0'",
            "embed.output is vectors.txt; it must end in .npy, .parquet, .jsonl", "compare.depth is 3; it must be one of 1, 5, 10",
            "sweep.seeds is [1, 1]; a seed occurs twice",
        ];
        Assert.Equal(typeof(RunConfig).GetProperties().Count(section => section.PropertyType != typeof(string)), expected.Length);
        Assert.StartsWith($"run.yaml: {expected.Length} problems\n", error.Message, StringComparison.Ordinal);
        Assert.All(expected, message => Assert.Contains(message, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("data: {format: zip}", "data.format is 'zip'; it must be one of auto, webdataset, parquet,")]
    [InlineData("data: {kind: loud}", "data.kind is 'loud'; it must be one of short, long, raw")]
    [InlineData("data: {caption_keys: [{language: en}]}", "data.caption_keys.0.key is empty")]
    [InlineData("data: {prefetch: 0}", "data.prefetch is '0'; it must be from 1")]
    [InlineData("data: {max_megapixels: 701}", "data.max_megapixels is '701'; it must be above 0, at most 700")]
    [InlineData("data: {jpeg_reducing_gap: 0.5}", "data.jpeg_reducing_gap is 0.5; it must be 0 (never shrink), or at least 1")]
    [InlineData("data: {background: [1, 2]}", "data.background is [1, 2]")]
    [InlineData("data: {augment: {flip: 1.5}}", "data.augment.flip is '1.5'; it must be 0 to 1")]
    [InlineData("data: {augment: {crop_scale_min: 0.9, crop_scale_max: 0.5}}",
        "data.augment.crop_scale_min is 0.9, above crop_scale_max 0.5")]
    [InlineData("teacher: {template: '{instruction}'}", "teacher.template must hold {text} once")]
    [InlineData("teacher: {template: '{text}', instruction: x}", "teacher.instruction is set, but template '{text}' has no {instruction}")]
    [InlineData("teacher: {batch_tokens: 0}", "teacher.batch_tokens is '0'")]
    [InlineData("extract: {kinds: [short, loud]}", "extract.kinds.1 is 'loud'; it must be one of short, long, raw")]
    [InlineData("eval_captions: {language_text: [{limit: -1}]}", "eval_captions.language_text.0.limit is '-1'; it must be from 0")]
    [InlineData("clip_train: {batch_size: 32, micro_batch: 64}",
        "clip_train.micro_batch is 64, more than batch_size, 32: set it to at most that, or to 0 for the whole batch")]
    [InlineData("cc_finetune: {batch_size: 32, hard_negatives: 1, micro_batch: 97}",
        "cc_finetune.micro_batch is 97, more than the captions of a batch, 96")]
    [InlineData("clip_train: {checkpoint_minutes: -1}", "clip_train.checkpoint_minutes is '-1'; it must be")]
    [InlineData("clip_train: {keep_checkpoints: -1}", "clip_train.keep_checkpoints is '-1'; it must be")]
    [InlineData("clip_train: {stall_minutes: -1}", "clip_train.stall_minutes is '-1'; it must be")]
    [InlineData("convert: {parts: {a: 0.5}}", "convert.parts add up to 0.5; shares must add up to 1")]
    [InlineData("convert: {format: auto}", "convert.format is auto, which is not written; it must be one of webdataset, parquet,")]
    public void AMistakeIsNamedByItsKey(string yaml, string message) =>
        Assert.Contains(message, Assert.Throws<ConfigException>(() => ConfigBinder.Parse<RunConfig>(yaml, "run.yaml")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void ARecordBuiltByHandIsCheckedToo()
    {
        var loader = new LoaderConfig
        {
            BatchSize = 0,
            Transform = new ImageTransformConfig { ImageSize = 0 },
            Data = new DataConfig { MaxBadShare = double.NaN, CaptionKeys = [new CaptionKey { Key = "a" }, new CaptionKey()] },
            Augment = new AugmentConfig { Flip = -1 },
        };
        var error = Assert.Throws<ConfigException>(() => Checked.Require(loader, "loader")).Message;
        string[] expected = ["batch_size is 0", "transform.image_size is 0", "data.max_bad_share is NaN",
            "data.caption_keys.1.key is empty", "augment.flip is -1"];
        Assert.All(expected, message => Assert.Contains("loader." + message, error, StringComparison.Ordinal));
        Assert.StartsWith("5 problems", error, StringComparison.Ordinal);
        Assert.Same(RunWithDefaults, Checked.Require(RunWithDefaults));
    }

    private static readonly DataConfig RunWithDefaults = new();
}
