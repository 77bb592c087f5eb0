using System.CommandLine;
using Llm2Clip.Configuration;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary>
/// A command that works from a run file. It has the options that all of these share, and short forms for single keys; a
/// derived class calls the library with the configuration and prints the result.
/// </summary>
internal abstract class RunCommand<TResult> : Command, IHasExample
{
    private readonly CliHost _host;
    private readonly Option<string?> _config =
        new("--config") { Description = "Run file (YAML). Paths in it are relative to the current directory.", HelpName = "FILE" };
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Sets one key of the run file; may be given several times. The value is YAML.",
        HelpName = "PATH.TO.KEY=VALUE",
    };

    private readonly Option<bool> _printConfig =
        new("--print-config") { Description = "Prints the run file in effect, every key with its value and meaning, and ends." };
    private readonly Option<string?> _json = JsonFile.Option();
    private readonly Option<bool> _verbose =
        new("--verbose") { Description = "Logs details that help to find a fault: weights, devices, every pair of languages." };

    private readonly List<Func<ParseResult, string?>> _shortcuts = []; // each an assignment, or null where it is not given

    protected RunCommand(CliHost host, string name, string summary, string example)
        : base(name, summary)
    {
        _host = host;
        Example = example;
        Add(_config);
        Add(_set);
        Add(_printConfig);
        Add(_json);
        Add(_verbose);
        SetAction(Invoke);
    }

    public string Example { get; }

    /// <summary>The run file where none is named; null = every section's defaults.</summary>
    protected virtual string? DefaultConfig => null;

    /// <summary>Whether a run that was stopped is resumed by the same command from what it saved.</summary>
    protected virtual bool Resumes => false;

    /// <summary>What a run that ended well computed on; null where it computed nothing to speak of.</summary>
    protected virtual string? DeviceOf(RunConfig config) => null;

    /// <summary>The changes of the run file that <c>--set</c> asks for.</summary>
    protected virtual IReadOnlyList<string> Settings(IReadOnlyList<string> given) => given;

    /// <summary>The work; long parts tell <paramref name="log"/>, and stop at a cancellation with what they have saved.</summary>
    protected abstract TResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation);

    /// <summary>Prints the result for a reader.</summary>
    protected abstract void Report(TResult result, Screen output);

    /// <summary>An option that sets one key of the run file.</summary>
    protected void Shortcut(string option, string key, string helpName, string description) =>
        Shortcut(option, $"{key}={helpName}", helpName, description, value => ConfigBinder.Assignment(key, value));

    /// <summary>An option that sets a list of the run file: texts with commas between them.</summary>
    protected void ListShortcut(string option, string key, string helpName, string description) =>
        Shortcut(option, $"{key}=[{helpName}]", helpName, description, value =>
            ConfigBinder.ListAssignment(key, value.Split(',', StringSplitOptions.TrimEntries)));

    /// <summary>An option that sets a mapping of the run file: NAME=VALUE with commas between them.</summary>
    protected void MapShortcut(string option, string key, string helpName, string description) =>
        Shortcut(option, $"{key}={{{helpName.Replace("=", ": ", StringComparison.Ordinal)}}}", helpName, description, value =>
            ConfigBinder.MapAssignment(key, value
            .Split(',', StringSplitOptions.TrimEntries)
            .Select(entry => entry.Split('=', 2))
            .Select(entry => (entry[0], entry.Length > 1 ? entry[1] : ""))));

    /// <summary>An option that may be given several times, and sets a list of the run file.</summary>
    protected void RepeatedShortcut(string option, string key, string helpName, string description)
    {
        var added = new Option<string[]>(option)
        {
            Description = $"{description} May be given several times. Short for --set {key}=[{helpName}].",
            HelpName = helpName,
        };
        _shortcuts.Add(parsed => parsed.GetValue(added) is { Length: > 0 } given ? ConfigBinder.ListAssignment(key, given) : null);
        Add(added);
    }

    /// <summary>An option without a value that sets a key of the run file to true.</summary>
    protected void Flag(string option, string key, string description)
    {
        var added = new Option<bool>(option) { Description = $"{description} Short for --set {key}=true." };
        _shortcuts.Add(parsed => parsed.GetValue(added) ? $"{key}=true" : null);
        Add(added);
    }

    /// <summary>What follows the command's name without an option, and sets one key of the run file; it may be left out.</summary>
    protected void Positional(string name, string key, string description)
    {
        var added = new Argument<string?>(name)
        {
            Description = $"{description} Short for --set {key}={name}.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        _shortcuts.Add(parsed => parsed.GetValue(added) is { } given ? ConfigBinder.Assignment(key, given) : null);
        Add(added);
    }

    /// <summary>The same of a list of the run file.</summary>
    protected void Positionals(string name, string key, string description)
    {
        var added = new Argument<string[]>(name)
        {
            Description = $"{description} Short for --set {key}=[{name}].",
            Arity = ArgumentArity.ZeroOrMore,
        };
        _shortcuts.Add(parsed => parsed.GetValue(added) is { Length: > 0 } given ? ConfigBinder.ListAssignment(key, given) : null);
        Add(added);
    }

    private void Shortcut(string option, string setting, string helpName, string description, Func<string, string> assignment)
    {
        var added = new Option<string?>(option) { Description = $"{description} Short for --set {setting}.", HelpName = helpName };
        _shortcuts.Add(parsed => parsed.GetValue(added) is { } given ? assignment(given) : null);
        Add(added);
    }

    private int Invoke(ParseResult parsed)
    {
        var (command, file) = (CommandLine.WordsOf(parsed), parsed.GetValue(_json));
        var started = TimeProvider.System.GetTimestamp();
        RunConfig? config = null;
        try
        {
            config = Load(parsed);
            if (parsed.GetValue(_printConfig))
            {
                _host.Output.Write(ConfigBinder.Print(config, EffectiveValues.Of(config)));
                return 0;
            }
            TResult result;
            using (var log = _host.OpenLog(parsed.GetValue(_verbose)))
            {
                result = Execute(config, log, _host.Cancellation);
            }
            Report(result, JsonFile.ReaderOf(file, _host));
            Write(new Outcome(command, TimeProvider.System.GetUtcNow(), RunState.Done, 0)
            {
                Device = DeviceOf(config),
                Result = result,
            });
            return 0;
        }
        catch (Exception error) when (file is not null || Resumes)
        {
            var failure = Failure.Of(error, _host, Resumes);
            failure.Print(_host);
            Write(Outcome.Of(command, failure));
            return failure.ExitCode;
        }

        void Write(Outcome outcome)
        {
            if (file is not null)
            {
                var whole = outcome with
                {
                    Seconds = Math.Round(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 3),
                    Config = config is null ? null : ConfigBinder.ToJson(config),
                };
                JsonFile.Write(file, whole, _host);
            }
        }
    }

    private RunConfig Load(ParseResult parsed)
    {
        var shortcuts = _shortcuts.Select(shortcut => shortcut(parsed)).OfType<string>();
        return ConfigBinder.Load<RunConfig>(
            parsed.GetValue(_config) ?? DefaultConfig, [.. shortcuts, .. Settings(parsed.GetValue(_set) ?? [])]);
    }
}
