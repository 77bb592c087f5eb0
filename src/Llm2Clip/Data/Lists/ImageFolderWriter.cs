using System.Text;
using Llm2Clip.Files;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Images in FOLDER/images/00000 and on, one subfolder per shard, so that none grows too large and names are unique within it, and one list
/// over all of them, joined from the shards' parts when everything is there.
/// </summary>
internal sealed class ImageFolderWriter(ListWriter list) : IDatasetWriter
{
    public ISampleWriter OpenShard(DatasetPlace place, ShardStart start) => new Shard(list, place, start);

    public void Finish(DatasetPlace place, int shards)
    {
        using var file = new PendingFile(Path.Combine(place.Folder, list.FileName));
        var sections = list.Sections(place.Name);
        for (var section = 0; section < sections.Count; section++)
        {
            // Each entry has the separator in front of it; the first one's is passed over.
            var skip = sections[section].Separator.Length;
            file.Stream.Write(Encoding.UTF8.GetBytes(sections[section].Opening));
            for (var shard = 0; shard < shards; shard++)
            {
                using var part = File.OpenRead(PartFile(place, shard, section));
                part.Position = skip;
                part.CopyTo(file.Stream);
                skip = 0;
            }
            file.Stream.Write(Encoding.UTF8.GetBytes(sections[section].Closing));
        }
        file.Complete();
    }

    public void CleanUp(DatasetPlace place, int shards)
    {
        for (var shard = 0; shard < shards; shard++)
        {
            for (var section = 0; section < list.Sections(place.Name).Count; section++)
            {
                File.Delete(PartFile(place, shard, section));
            }
        }
    }

    private static string PartFile(DatasetPlace place, int shard, int section) => $"{place.Parts}-{shard:D5}.{section}";

    /// <summary>One subfolder with its part of the list.</summary>
    private sealed class Shard : ISampleWriter
    {
        private readonly ListWriter _list;
        private readonly DatasetPlace _place;
        private readonly string _relative;
        private readonly string _folder;
        private readonly string[] _separators;
        private readonly List<PendingFile> _parts = [];
        private readonly SampleNames _names = new();
        private long _images;
        private long _captions;
        private bool _complete;

        public Shard(ListWriter list, DatasetPlace place, ShardStart start)
        {
            (_list, _place, _images, _captions) = (list, place, start.Images, start.Captions);
            _relative = $"images/{start.Number:D5}";
            _folder = Path.Combine(place.Folder, _relative);
            _separators = [.. list.Sections(place.Name).Select(section => section.Separator)];
            PendingFile.Sweep(Directory.CreateDirectory(Path.GetDirectoryName(_folder)!).FullName);
            DurableFolder.Create(Temporary);
            for (var section = 0; section < _separators.Length; section++)
            {
                _parts.Add(new PendingFile(PartFile(place, start.Number, section)));
            }
        }

        private string Temporary => _folder + PendingFile.Suffix;

        public void Add(Sample sample, ReadOnlyMemory<byte> image)
        {
            var name = $"{_names.Next(sample.Key)}.{ImageFormats.Extension(image.Span)}";
            try
            {
                File.WriteAllBytes(Path.Combine(Temporary, name), image.Span);
            }
            catch (Exception error) when (WriteException.IsCause(error))
            {
                throw WriteException.Of($"{_folder}/{name}", error);
            }
            foreach (var (section, entry) in _list.Entries(
                new WrittenImage(sample, $"{_relative}/{name}", _images, _captions), _place.Split))
            {
                _parts[section].Stream.Write(Encoding.UTF8.GetBytes(_separators[section]));
                _parts[section].Stream.Write(entry);
            }
            _images++;
            _captions += sample.Captions.Count;
        }

        public void Complete()
        {
            DurableFolder.FlushFiles(Temporary);
            _parts.ForEach(part => part.Complete());
            Remove(_folder);
            DurableFolder.Move(Temporary, _folder);
            _complete = true;
        }

        public void Dispose()
        {
            _parts.ForEach(part => part.Dispose());
            if (!_complete)
            {
                Remove(Temporary);
            }
        }

        private static void Remove(string folder)
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
