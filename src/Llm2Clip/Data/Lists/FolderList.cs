using System.Text.Json;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// A JSONL list of images: each line an object with <c>image</c> or <c>file_name</c> and captions as in <see cref="CaptionReader"/>.
/// The key is <c>key</c> where the line has one.
/// </summary>
internal sealed class FolderList(string path, CaptionReader captions, ImageFolders images) : JsonLinesFile(path)
{
    protected override ListedImage? Read(JsonElement json, List<string> remarks)
    {
        var found = captions.Read(json, null, remarks);
        var name = JsonFields.Text(json, "image") ?? JsonFields.Text(json, "file_name")
            ?? throw new BadRecordException("has neither `image` nor `file_name`", BadSampleCause.NoImage);
        var image = images.Find(Path, name);
        return new ListedImage(JsonFields.Text(json, "key") ?? KeyOf(name), name, found, image);
    }
}
