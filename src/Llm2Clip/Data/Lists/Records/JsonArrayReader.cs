using System.Text.Json;

namespace Llm2Clip.Data.Lists.Records;

/// <summary>An element of a list in a JSON file: <paramref name="Bytes"/> are valid until the next one is read.</summary>
internal readonly record struct JsonArrayElement(string Array, long Index, long Offset, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The element as a path: <c>images[3]</c>, or <c>[3]</c> of the list that the file is.</summary>
    public string Place => $"{Array}[{Index}]";
}

/// <summary>
/// Walks through the lists of a JSON file of any size, element by element: the named lists of the object that the file is, and, for the
/// name <c>""</c>, the list that the file is. Memory holds one element. The whole file is checked to be JSON on the way.
/// </summary>
internal sealed class JsonArrayReader : IDisposable
{
    private const int MaxElementBytes = 64 << 20;

    private enum Inside
    {
        File,
        Object,
        List,
        Skipped,
    }

    private readonly string _path;
    private readonly string[] _arrays;
    private readonly FileStream _stream;
    private byte[] _buffer = new byte[1 << 20];
    private int _from;
    private int _filled;

    /// <summary>End of the bytes that were read; those behind <see cref="_filled"/> may be the beginning of a word of Python's.</summary>
    private int _read;

    private PythonNumbers _numbers;
    private long _bufferAt;
    private bool _final;
    private JsonReaderState _state;
    private Inside _inside;
    private Inside _outside;
    private string _array = "";
    private long _index;

    public JsonArrayReader(string path, params string[] arrays)
    {
        _path = path;
        _arrays = arrays;
        _stream = ListBytes.OpenStream(path);
        Fill();
        _from = _buffer.AsSpan(0, _filled).StartsWith("\uFEFF"u8) ? 3 : 0;
    }

    /// <summary>Names of the lists that were come across, those without elements too.</summary>
    public HashSet<string> Found { get; } = [];

    /// <summary>
    /// The next element; false at the end of the file. Throws <see cref="InputException"/> with line and byte where it is not JSON.
    /// </summary>
    public bool Next(out JsonArrayElement element)
    {
        element = default;
        try
        {
            while (true)
            {
                var reader = new Utf8JsonReader(_buffer.AsSpan(_from, _filled - _from), _final, _state);
                switch (Step(ref reader, ref element))
                {
                    case true:
                        return true;
                    case false:
                        continue;
                    case null when _final:
                        return false;
                    case null:
                        Fill();
                        continue;
                }
            }
        }
        catch (JsonException e)
        {
            var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            var reason = end > 0 ? e.Message[..end] : e.Message;
            throw new InputException(
                $"{_path}: broken JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} of it: {reason}", e);
        }
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>
    /// Goes on by a token or an element: true at an element, false elsewhere, null where the buffer does not hold enough.
    /// </summary>
    private bool? Step(ref Utf8JsonReader reader, ref JsonArrayElement element)
    {
        if (_inside == Inside.Skipped)
        {
            return Skip(ref reader);
        }
        if (!reader.Read())
        {
            return null;
        }
        var start = reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.EndArray or JsonTokenType.EndObject:
                _inside = reader.CurrentDepth == 0 ? Inside.File : Inside.Object;
                break;
            case JsonTokenType.StartObject when _inside == Inside.File:
                _inside = Inside.Object;
                break;
            case JsonTokenType.StartArray when _inside == Inside.File:
                EnterList("");
                break;
            case JsonTokenType.PropertyName:
                _array = Name(ref reader);
                break;
            case JsonTokenType.StartArray when _inside == Inside.Object:
                EnterList(_array);
                break;
            case JsonTokenType.StartObject when _inside == Inside.Object:
                Enter(Inside.Skipped);
                break;
            default:
                if (!reader.TrySkip())
                {
                    return null;
                }
                if (_inside == Inside.List)
                {
                    var value = _buffer.AsMemory(_from + (int)start, (int)(reader.BytesConsumed - start));
                    element = new JsonArrayElement(_array, _index++, _bufferAt + _from + start, value);
                    Keep(ref reader);
                    return true;
                }
                break;
        }
        Keep(ref reader);
        return false;
    }

    private string Name(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            var place = _bufferAt + _from + reader.TokenStartIndex;
            throw new InputException($"{_path}: broken JSON at byte {place}: the name of a field is not Unicode", e);
        }
    }

    private void Enter(Inside inside) => (_outside, _inside) = (_inside, inside);

    private void EnterList(string name)
    {
        var wanted = _arrays.Contains(name) && (name.Length == 0) == (_inside == Inside.File);
        if (wanted && !Found.Add(name))
        {
            // Its elements would not lie side by side, as chunks of a list must.
            throw new InputException($"{_path}: the list `{name}` occurs twice, again near byte {_bufferAt + _from}. Keep one.");
        }
        Enter(wanted ? Inside.List : Inside.Skipped);
        (_array, _index) = (name, 0);
    }

    /// <summary>Reads on to the end of a value of the file's object (or of the file's list), which may be larger than memory.</summary>
    private bool? Skip(ref Utf8JsonReader reader)
    {
        var depth = _outside == Inside.File ? 0 : 1;
        var ended = false;
        while (!ended && reader.Read())
        {
            ended = reader.CurrentDepth == depth && reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject;
        }
        Keep(ref reader);
        if (!ended)
        {
            return null;
        }
        _inside = _outside;
        return false;
    }

    private void Keep(ref Utf8JsonReader reader)
    {
        _state = reader.CurrentState;
        _from += (int)reader.BytesConsumed;
    }

    private void Fill()
    {
        var settled = _filled - _from;
        _buffer.AsSpan(_from, _read - _from).CopyTo(_buffer);
        _bufferAt += _from;
        (_from, _filled, _read) = (0, settled, _read - _from);
        if (_read == _buffer.Length)
        {
            if (_read >= MaxElementBytes)
            {
                throw new InputException($"{_path}: {_array}[{_index}] is longer than {MaxElementBytes >> 20} MB. "
                    + "Is this file of the format that it is read as (data.format)?");
            }
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        var read = ListBytes.Read(_stream, _buffer.AsSpan(_read));
        _read += read;
        _final = read == 0;
        _filled += _numbers.Replace(_buffer.AsSpan(_filled, _read - _filled), _final);
    }
}
