using Llm2Clip.Diagnostics;

namespace Llm2Clip.Data;

/// <summary>Opens data sets.</summary>
public static class SampleSources
{
    /// <summary>The training data of the run file. Throws <see cref="ConfigException"/> where none is named, <see cref="InputException"/> where nothing is found.</summary>
    public static ISampleSource OpenTrain(DataConfig config, IRunLog log) => Open(Named(config.Train, "data.train"), config, log);

    /// <summary>The held-out data of the run file.</summary>
    public static ISampleSource OpenVal(DataConfig config, IRunLog log) => Open(Named(config.Val, "data.val"), config, log);

    /// <summary>The data set that <paramref name="pattern"/> names; format and caption fields come from <paramref name="config"/>.</summary>
    public static ISampleSource Open(string pattern, DataConfig config, IRunLog log) => throw new NotSupportedException(pattern);

    /// <summary>
    /// All samples in stored order, bad ones counted, named in the log and left out. Captions are read, pictures are not.
    /// Throws <see cref="InputException"/> past <see cref="DataConfig.MaxBadShare"/>.
    /// </summary>
    public static IEnumerable<Sample> ReadAll(ISampleSource source, DataConfig config, IRunLog log) => throw new NotSupportedException(source.Description);

    private static string Named(string pattern, string key) =>
        pattern.Length > 0 ? pattern : throw new ConfigException($"{key} is empty: name the data, for example --set {key}='data/train-{{00000..00011}}.tar'.");
}
