using Llm2Clip.Data.Inspection;
using Llm2Clip.Files;

namespace Llm2Clip.Reporting;

/// <summary>
/// The folder of a report: locked from the start, so that a folder that cannot be written shows before the work; files come at the end.
/// </summary>
internal sealed class InspectionFolder : IDisposable
{
    /// <summary>Name of the numbers.</summary>
    public const string JsonFile = "inspection.json";

    /// <summary>Name of the contact sheet; the second data set's is <see cref="AgainstSheetFile"/>.</summary>
    public const string SheetFile = "contact-sheet.jpg";

    public const string AgainstSheetFile = "contact-sheet-against.jpg";

    private readonly string _path;
    private readonly FolderLock _lock;

    private InspectionFolder(string path, FolderLock writeLock) => (_path, _lock) = (path, writeLock);

    /// <summary>
    /// Throws <see cref="RunException"/> where the folder cannot be written, <see cref="ConfigException"/> while another process writes to
    /// it.
    /// </summary>
    public static InspectionFolder Open(string path) => Guard(path, () => new InspectionFolder(path, FolderLock.Take(path)));

    /// <summary>Writes the report in the place of an earlier one; each file appears complete or not at all, the numbers last.</summary>
    public void Write(InspectionReport report) => Guard(_path, () =>
    {
        WriteSheet(SheetFile, report.Data);
        WriteSheet(AgainstSheetFile, report.Against);
        InspectionPage.Of(report).Write(Path.Combine(_path, InspectionReport.PageFile));
        PendingFile.Write(Path.Combine(_path, JsonFile), report.ToJson() + "\n");
        return true;
    });

    /// <summary>Lets other writers in; a folder that was made for a report that did not come about goes.</summary>
    public void Dispose() => _lock.Dispose();

    private void WriteSheet(string name, SetReport? set)
    {
        if (set?.ContactSheet is { } sheet)
        {
            PendingFile.Write(Path.Combine(_path, name), sheet);
        }
        else
        {
            File.Delete(Path.Combine(_path, name)); // An earlier report's would be mistaken for this one's.
        }
    }

    private static T Guard<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunException(WriteException.Of(path, error).Message, error);
        }
    }
}
