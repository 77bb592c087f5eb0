namespace Llm2Clip.Configuration;

/// <summary>Collects what is wrong with a configuration, so that all of it is reported at once.</summary>
internal sealed class ConfigProblems
{
    private readonly List<string> _lines = [];

    public int Count => _lines.Count;

    /// <param name="origin">File and line, or the override.</param>
    /// <param name="message">Key path, what is wrong, what would be right.</param>
    public void Add(string origin, string message) => _lines.Add($"{origin}: {message}");

    /// <summary>Throws <see cref="ConfigException"/> with all of them, where there is one.</summary>
    public void ThrowIfAny(string name)
    {
        if (_lines.Count > 0)
        {
            throw new ConfigException(Text(name));
        }
    }

    /// <summary>The problems of a file as one message: at most the first <paramref name="most"/> of several.</summary>
    public string Text(string name, int most = int.MaxValue)
    {
        if (_lines.Count == 1)
        {
            return _lines[0];
        }
        var rest = _lines.Count > most ? $"\n  and {_lines.Count - most} more" : "";
        return $"{name}: {_lines.Count} problems\n  {string.Join("\n  ", _lines.Take(most))}{rest}";
    }
}

/// <summary>
/// A record whose properties depend on each other. <see cref="Check"/> is called after every property was read without a
/// problem, and yields one finding for each rule that does not hold.
/// </summary>
internal interface ICheckedConfig
{
    /// <summary>Findings: the key (snake_case, of this record) and what is wrong with it and what would be right.</summary>
    IEnumerable<(string Key, string Problem)> Check();
}
