using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary>What <c>data convert</c>, <c>data split</c> and <c>data sample</c> share: what is read, and what is written.</summary>
internal abstract class DataSetCommand : RunCommand<ConversionResult>
{
    protected DataSetCommand(CliHost host, string name, string summary, string example)
        : base(host, name, summary, example)
    {
        Shortcut("--data", "convert.data", "PATTERN", "Data that is read.");
        Shortcut("--to", "convert.to", "FOLDER", "Folder that is written; run the same command again to resume a stopped run.");
        Shortcut(
            "--format", "convert.format", "FORMAT",
            $"Format that is written: {DatasetFormats.WrittenNames} (folder: images with a JSONL list).");
        Shortcut("--samples-per-shard", "convert.samples_per_shard", "N", "Images per shard at most.");
        ListShortcut("--languages", "convert.languages", "en,zh", "Languages of the captions that are kept.");
        ListShortcut("--kinds", "convert.kinds", "short,long", "Kinds of the captions that are kept.");
    }

    protected override bool Resumes => true;

    protected override void Report(ConversionResult result, Screen output)
    {
        foreach (var part in result.Parts)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{part.Folder}: {part.Images:N0} images with {part.Captions:N0} captions in "
                + $"{part.Shards:N0} shard{(part.Shards == 1 ? "" : "s")} ({DatasetFormats.Name(result.Format)})"));
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.Seen:N0} records read, {result.BadSamples:N0} bad and {result.LeftOut:N0} without a chosen caption left out; "
            + $"{result.Seconds:0.0} s"));
    }
}

/// <summary><c>data convert</c>: a data set in another format.</summary>
internal sealed class ConvertCommand(CliHost host) : DataSetCommand(
    host, "convert", "Writes a data set in another format; images are copied byte by byte. Resumes where it was stopped.",
    "llm2clip data convert --data 'data/quickstart/val-*.tar' --to runs/as-csv --format csv --languages en")
{
    protected override ConversionResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        DataConvert.Run(config, log, cancellation);
}

/// <summary><c>data split</c>: parts for training and validation.</summary>
internal sealed class SplitCommand : DataSetCommand
{
    public SplitCommand(CliHost host)
        : base(host, "split", "Splits a data set by image into parts, each a data set of its own; equal images stay together.",
            "llm2clip data split --data 'data/quickstart/train-*.tar' --to runs/parts --parts train=0.9,val=0.1 --seed 7")
    {
        MapShortcut("--parts", "convert.parts", "train=0.9,val=0.1", "Parts and their shares.");
        Shortcut("--seed", "convert.seed", "N", "Another seed, another split.");
    }

    protected override ConversionResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        DataConvert.Split(config, log, cancellation);
}

/// <summary><c>data sample</c>: a random piece of a data set.</summary>
internal sealed class SampleCommand : DataSetCommand
{
    public SampleCommand(CliHost host)
        : base(host, "sample", "Draws images at random, without replacement, and writes them in the order of the source.",
            "llm2clip data sample --data 'data/quickstart/train-*.tar' --to runs/few --count 20 --seed 7")
    {
        Shortcut("--count", "convert.count", "N", "Images that are drawn.");
        Shortcut("--seed", "convert.seed", "N", "Another seed, another sample.");
    }

    protected override ConversionResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        DataConvert.Sample(config, log, cancellation);
}
