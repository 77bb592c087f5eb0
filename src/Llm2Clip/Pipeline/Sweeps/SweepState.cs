using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Pipeline.Sweeps;

/// <summary>
/// Which commands of a sweep are done, by a name that holds a hash of their settings: a command with other settings is another. Written
/// after each command, so that an interrupted sweep repeats none of them.
/// </summary>
internal sealed class SweepState
{
    private const string FileName = "sweep.json";

    private readonly string _file;
    private readonly SortedSet<string> _done;

    private SweepState(string file, IEnumerable<string> done) => (_file, _done) = (file, new(done, StringComparer.Ordinal));

    /// <summary>Reads what is done in a folder.</summary>
    /// <exception cref="InputException">The file there is damaged.</exception>
    public static SweepState Open(string folder)
    {
        var file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
        {
            return new SweepState(file, []);
        }
        try
        {
            var stored = JsonSerializer.Deserialize<Stored>(File.ReadAllBytes(file), Json.File);
            return new SweepState(file, stored?.Done ?? throw new JsonException("it is null"));
        }
        catch (JsonException error)
        {
            throw new InputException(
                $"{file} cannot be read: {error.Message} Delete it: commands then run again, and trainings resume from their checkpoints.",
                error);
        }
    }

    public bool IsDone(string command) => _done.Contains(command);

    public void Add(string command)
    {
        _done.Add(command);
        PendingFile.Write(_file, JsonSerializer.Serialize(new Stored([.. _done]), Json.File) + "\n");
    }

    private sealed record Stored(IReadOnlyList<string> Done);
}
