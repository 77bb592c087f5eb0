using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;

namespace Llm2Clip.Tests.Configuration;

public class ConfigBinderTests
{
    public enum Pooling
    {
        Mean,
        LastToken,
    }

    public sealed record Run
    {
        [Description("Where the images come from.")]
        public Source Data { get; init; } = new();

        public Train ClipTrain { get; init; } = new();

        public IReadOnlyList<Stage> Stages { get; init; } = [];
    }

    public sealed record Source
    {
        public string Path { get; init; } = "";

        [Description("Captions by key of the json.")]
        public IReadOnlyDictionary<string, double> Weights { get; init; } = new Dictionary<string, double>();

        public IReadOnlyList<string> Languages { get; init; } = ["en"];
    }

    public sealed record Train : ICheckedConfig
    {
        [Description("Images a step."), Range(1, int.MaxValue)]
        public int BatchSize { get; init; } = 256;

        [Description("Peak learning rate."), Range(0, 1, MinimumIsExclusive = true)]
        public double LearningRate { get; init; } = 1e-4;

        [Range(0, 1)]
        public float[] Betas { get; init; } = [0.9f, 0.98f];

        public long? MaxSteps { get; init; }

        public long WarmupSteps { get; init; }

        public bool Shuffle { get; init; } = true;

        public Pooling Pooling { get; init; }

        public string? Resume { get; init; }

        public IEnumerable<(string Key, string Problem)> Check()
        {
            if (WarmupSteps > MaxSteps)
            {
                yield return ("warmup_steps", $"is {WarmupSteps}, more than max_steps ({MaxSteps}); lower it");
            }
        }
    }

    public sealed record Stage
    {
        public required string Name { get; init; }

        public int Epochs { get; init; } = 1;
    }

    private const string Full = """
        data:
          path: "train-{00..03}.tar"
          weights: {short: 1, long: 0.5}
          languages: [en, zh]
        clip_train:
          batch_size: 1_024
          learning_rate: 5e-4
          betas: [0.9, 0.95]
          max_steps: 100
          shuffle: false
          pooling: last_token
        stages:
          - name: warm
          - name: main
            epochs: 3
        """;

    [Fact]
    public void ReadsEveryForm()
    {
        var run = ConfigBinder.Parse<Run>(Full, "run.yaml");
        Assert.Equal("train-{00..03}.tar", run.Data.Path);
        Assert.Equal(0.5, run.Data.Weights["long"]);
        Assert.Equal(["en", "zh"], run.Data.Languages);
        Assert.Equal(1024, run.ClipTrain.BatchSize);
        Assert.Equal(5e-4, run.ClipTrain.LearningRate);
        Assert.Equal([0.9f, 0.95f], run.ClipTrain.Betas);
        Assert.Equal(100, run.ClipTrain.MaxSteps);
        Assert.False(run.ClipTrain.Shuffle);
        Assert.Equal(Pooling.LastToken, run.ClipTrain.Pooling);
        Assert.Equal([("warm", 1), ("main", 3)], run.Stages.Select(s => (s.Name, s.Epochs)));
        Assert.Null(run.ClipTrain.Resume);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("clip_train:\n  # batch_size: 3\n")]
    public void LeavesDefaultsWhereNothingIsSaid(string yaml)
    {
        var run = ConfigBinder.Parse<Run>(yaml, "run.yaml");
        Assert.Equal(256, run.ClipTrain.BatchSize);
        Assert.Equal(["en"], run.Data.Languages);
    }

    [Fact]
    public void OverridesWinAndMakeSections()
    {
        var run = ConfigBinder.Parse<Run>(Full, "run.yaml",
            ["clip_train.batch_size=8", "clip_train.max_steps=null", "data.languages=[de]", "data.weights.raw=2", "stages.1.epochs=7",
                "clip_train.resume=a=b"]);
        Assert.Equal(8, run.ClipTrain.BatchSize);
        Assert.Null(run.ClipTrain.MaxSteps);
        Assert.Equal(["de"], run.Data.Languages);
        Assert.Equal(2, run.Data.Weights["raw"]);
        Assert.Equal(7, run.Stages[1].Epochs);
        Assert.Equal("a=b", run.ClipTrain.Resume);
        Assert.Equal(8, ConfigBinder.Parse<Run>("", "run.yaml", ["clip_train.batch_size=8"]).ClipTrain.BatchSize);
    }

    [Fact]
    public void NamesAllProblemsAtOnce()
    {
        const string yaml = """
            data:
              pth: x
              languages: en
              banana: 1
            clip_train:
              batch_size: 0
              learning_rate: fast
              betas: [0.9, 1.5]
              pooling: max
              shuffle: yes
              max_steps:
              warmup_steps:
            stages:
              - epochs: 2
            batch_size: 4
            nonsense: 1
            """;
        var error = Assert.Throws<ConfigException>(() =>
            ConfigBinder.Parse<Run>(yaml, "run.yaml", ["clip_train.max_steps=1.5", "data.path.x=1", "oops"]));
        Assert.Equal("""
            run.yaml: 15 problems
              --set oops: an override is path.to.key=value, such as clip_train.batch_size=64
              run.yaml:2: data.pth is not a known key; did you mean data.path?
              run.yaml:3: data.languages is 'en'; it must be a list, here [en]
              run.yaml:4: data.banana is not a known key; known keys of data: path, weights, languages
              --set data.path.x=1: data.path is a section; it must be a text
              run.yaml:6: clip_train.batch_size is '0'; it must be from 1
              run.yaml:7: clip_train.learning_rate is 'fast'; it must be a number
              run.yaml:8: clip_train.betas is a list; it must be 0 to 1
              run.yaml:9: clip_train.pooling is 'max'; it must be one of mean, last_token
              run.yaml:10: clip_train.shuffle is 'yes'; it must be true or false
              --set clip_train.max_steps=1.5: clip_train.max_steps is '1.5'; it must be a whole number
              run.yaml:12: clip_train.warmup_steps has no value; it must be a whole number
              run.yaml:14: stages.0.name is missing; it must be a text
              run.yaml:15: batch_size is not a known key; did you mean clip_train.batch_size?
              run.yaml:16: nonsense is not a known key; known keys: data, clip_train, stages
            """, error.Message);
        Assert.Equal(2, error.ExitCode);
    }

    [Theory]
    [InlineData("clip_train:\n  warmup_steps: 9\n  max_steps: 5\n",
        "run.yaml:2: clip_train.warmup_steps is 9, more than max_steps (5); lower it")]
    [InlineData("data:\n  path: a\n  path: b\n", "run.yaml:3: path occurs twice (first at run.yaml:2); keep one")]
    [InlineData("- a\n", "run.yaml:1: a run file is a mapping of sections, such as `data:` with keys below it")]
    [InlineData("clip_train:\n  learning_rate: 0\n", "run.yaml:2: clip_train.learning_rate is '0'; it must be above 0, at most 1")]
    public void NamesOneProblem(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<ConfigException>(() => ConfigBinder.Parse<Run>(yaml, "run.yaml")).Message);

    [Fact]
    public void SaysWhereTheYamlBreaks()
    {
        var error = Assert.Throws<ConfigException>(() => ConfigBinder.Parse<Run>("data:\n  path: [a\nclip_train: 1\n", "run.yaml"));
        Assert.Equal("run.yaml:2: this is not YAML: a bracket or quote that is here is not closed", error.Message);
    }

    [Fact]
    public void SaysThatTheFileIsMissing()
    {
        var error = Assert.Throws<ConfigException>(() => ConfigBinder.Load<Run>("absent.yaml"));
        Assert.Equal($"The run file absent.yaml does not exist (current directory: {Directory.GetCurrentDirectory()}).", error.Message);
    }

    [Fact]
    public void PrintsValuesWithTheirMeaning()
    {
        var text = ConfigBinder.Print(ConfigBinder.Parse<Run>("data: {weights: {short: 1}}\nstages: [{name: a b}]", "run.yaml"));
        Assert.Equal("""
            data:  # Where the images come from
              path: ""
              weights:  # Captions by key of the json
                short: 1
              languages: [en]
            clip_train:
              batch_size: 256  # Images a step; from 1
              learning_rate: 0.0001  # Peak learning rate; above 0, at most 1
              betas: [0.9, 0.98]  # 0 to 1
              max_steps: null
              warmup_steps: 0
              shuffle: true
              pooling: mean  # mean | last_token
              resume: null
            stages:
              - name: "a b"
                epochs: 1

            """, text);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("true")]
    [InlineData("null")]
    [InlineData("12")]
    [InlineData("")]
    [InlineData(" leading: #x")]
    [InlineData("line\nbreak\ttab\r \"quoted\" \\ back")]
    [InlineData("图片 🐈 ü \u2028 \u0001")]
    [InlineData("{text}<end_of_turn>\n")]
    public void WhatIsPrintedReadsBack(string path)
    {
        var run = ConfigBinder.Parse<Run>(Full, "run.yaml");
        run = run with
        {
            Data = run.Data with { Path = path, Weights = new Dictionary<string, double> { [path + "k"] = 1e-7 }, Languages = [path] },
            ClipTrain = run.ClipTrain with { Resume = path, LearningRate = 1.0 / 3 },
        };
        foreach (var comments in new[] { true, false })
        {
            var printed = ConfigBinder.Print(run, comments);
            var again = ConfigBinder.Parse<Run>(printed, "printed.yaml");
            Assert.Equal(path, again.Data.Path);
            Assert.Equal(path, again.ClipTrain.Resume);
            Assert.Equal(run.Data.Weights, again.Data.Weights);
            Assert.Equal(1.0 / 3, again.ClipTrain.LearningRate);
            Assert.Equal(printed, ConfigBinder.Print(again, comments));
        }
    }

    [Theory]
    [InlineData("BatchSize", "batch_size")]
    [InlineData("MaxKVCells", "max_kv_cells")]
    [InlineData("Vit32", "vit32")]
    [InlineData("CcFinetune", "cc_finetune")]
    public void KeysAreSnakeCase(string name, string key) => Assert.Equal(key, ConfigSchema.SnakeCase(name));
}
