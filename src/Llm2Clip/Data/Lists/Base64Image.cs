using System.Buffers;
using System.Buffers.Text;

namespace Llm2Clip.Data.Lists;

/// <summary>An image in a text file, as base64, of the standard or the URL alphabet.</summary>
internal sealed class Base64Image(string path, string place, long offset, int length) : IImageBytes
{
    public byte[] Read()
    {
        var text = new FileImage(path, offset, length).Read();
        text.AsSpan().Replace((byte)'-', (byte)'+');
        text.AsSpan().Replace((byte)'_', (byte)'/');
        var status = Base64.DecodeFromUtf8InPlace(text, out var written);
        return status == OperationStatus.Done
            ? text[..written]
            : throw new InputException($"{path}: {place}: the image is not valid base64 ({length} characters at byte {offset}).");
    }
}
