using System.Text.Json;

namespace Llm2Clip.Files;

/// <summary>
/// The file of a folder that says what belongs to it. It is written last and renamed into place, so that every state on the disk is either
/// the old content of the folder or the new one.
/// </summary>
internal static class JsonManifest
{
    /// <summary>Reads a manifest; null where the file holds nothing but <c>null</c>.</summary>
    /// <param name="path">The file, which is there.</param>
    /// <param name="what">What it should have been, for the message.</param>
    /// <param name="remedy">What to do where it is not, whole sentences.</param>
    /// <exception cref="InputException">The file is no JSON of this kind.</exception>
    public static T? Read<T>(string path, string what, string remedy)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Json.File);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException) // the latter: a text that is not Unicode
        {
            throw new InputException($"{path} is not {what} ({error.Message}). {remedy}", error);
        }
    }

    /// <summary>
    /// Writes the manifest. What it names must be on the disk before: the files' names are flushed here, their bytes by their writers.
    /// </summary>
    public static void Write<T>(string folder, string name, T manifest)
    {
        DurableFolder.Flush(folder);
        PendingFile.Write(Path.Combine(folder, name), JsonSerializer.SerializeToUtf8Bytes(manifest, Json.File));
    }
}
