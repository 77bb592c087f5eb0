using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The <c>data convert</c>, <c>data split</c> and <c>data sample</c> commands: a data set written anew in another format, in parts, or
/// a sample of it. Each throws <see cref="ConfigException"/> for a missing setting, <see cref="InputException"/> for too many bad
/// records, for a folder that holds anything else and where nothing is left to write, <see cref="RunException"/> where it cannot be
/// written.
/// </summary>
public static class DataConvert
{
    /// <summary>The whole data set in one format.</summary>
    public static ConversionResult Run(RunConfig run, IRunLog log, CancellationToken cancellation) =>
        DataSetConversion.Convert(Open(run, log), run.Convert, run.Data, log, cancellation);

    /// <summary>Parts by image, each a data set in a folder of its name.</summary>
    public static ConversionResult Split(RunConfig run, IRunLog log, CancellationToken cancellation) =>
        DataSetConversion.Split(Open(run, log), run.Convert, run.Data, log, cancellation);

    /// <summary>As many images as asked for, drawn without replacement, in the order of the source.</summary>
    public static ConversionResult Sample(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        if (run.Convert.Count < 1)
        {
            throw new ConfigException("convert.count is 0; say how many images are drawn, for example --count 1000.");
        }
        return DataSetConversion.Sample(Open(run, log), run.Convert, run.Data, log, cancellation);
    }

    private static ISampleSource Open(RunConfig run, IRunLog log)
    {
        Checked.Require(run.Convert, "convert");
        if (run.Convert.To.Length == 0)
        {
            throw new ConfigException("convert.to is empty: name the folder to write, for example --to data/converted.");
        }
        if (run.Convert.Data.Length == 0 && run.Data.TrainSets.Count > 0)
        {
            throw new ConfigException("convert.data is empty, and data.train_sets names several data sets: name one, with --data.");
        }
        return run.Convert.Data.Length > 0
            ? Datasets.Open(run.Convert.Data, run.Data.Of(run.Convert.Data), log)
            : Datasets.OpenTrain(run.Data, log);
    }
}
