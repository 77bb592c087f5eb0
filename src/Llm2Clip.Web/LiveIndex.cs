using Llm2Clip.Search;

namespace Llm2Clip.Web;

/// <summary>
/// The newest state of an index that others write to meanwhile, such as an import or <c>llm2clip index</c>. A request keeps the state that
/// it began with.
/// </summary>
internal sealed class LiveIndex : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly IRunLog _log;
    private readonly Lock _gate = new();
    private IndexState _current;
    private (DateTime, long) _stamp;
    private long _looked = TimeProvider.System.GetTimestamp();
    private bool _isDisposed;

    public LiveIndex(IndexSearch search, IRunLog log)
    {
        (_current, _log) = (new IndexState(search), log);
        _stamp = Stamp();
    }

    private string Folder => _current.Search.Index.Folder;

    /// <summary>The newest state, kept open until it is disposed.</summary>
    public IndexState Take()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (TimeProvider.System.GetElapsedTime(_looked) > LookEvery)
            {
                _looked = TimeProvider.System.GetTimestamp();
                Renew();
            }
            return _current.Use();
        }
    }

    /// <summary>Looks at once whether there is a newer state.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            Renew();
        }
    }

    /// <summary>Closes the index when the last request that uses it has ended.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                _current.Dispose();
            }
        }
    }

    private void Renew()
    {
        var stamp = Stamp();
        if (stamp == _stamp)
        {
            return;
        }
        _stamp = stamp; // A state that cannot be opened is tried again when there is another.
        ImageIndex? index = null;
        try
        {
            index = ImageIndex.Open(Folder);
            ImageIndex.RequireStudent(Folder, index.Model, _current.Search.Index.Model.Student, _current.Search.Index.Model.Model);
            var newer = new IndexState(new IndexSearch(index));
            _current.Dispose();
            _current = newer;
        }
        catch (InputException error)
        {
            index?.Dispose();
            _log.Warn($"The index was changed, and its state before is served on: {error.Message}");
        }
    }

    private (DateTime, long) Stamp()
    {
        var manifest = new FileInfo(Path.Combine(Folder, IndexManifest.FileName));
        return manifest.Exists ? (manifest.LastWriteTimeUtc, manifest.Length) : default;
    }
}

/// <summary>A state of the index, open as long as somebody uses it: each <see cref="Use"/> is ended by one disposal.</summary>
internal sealed class IndexState : IDisposable
{
    private readonly Lazy<Facets> _facets;
    private int _users = 1;

    public IndexState(IndexSearch search)
    {
        Search = search;
        _facets = new Lazy<Facets>(() => Web.Facets.Of(search.Index));
    }

    public IndexSearch Search { get; }

    public ImageIndex Index => Search.Index;

    /// <summary>What there is to filter by; found when it is first asked for.</summary>
    public Facets Facets => _facets.Value;

    /// <summary>One more user. The caller makes sure that there is one already.</summary>
    public IndexState Use()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Search.Dispose();
        }
    }
}
