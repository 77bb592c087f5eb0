using System.Text;
using static TorchSharp.torch;

namespace Llm2Clip.Weights.Onnx;

/// <summary>
/// What is read of a TensorProto (https://github.com/onnx/onnx/blob/v1.17.0/onnx/onnx.proto#L565): name, type, sizes, and where its values
/// are. Values count as raw_data, or as float_data and double_data, whose packed form has the same bytes.
/// </summary>
internal sealed class OnnxTensor
{
    /// <summary>More than any weight has.</summary>
    private const int MaxDimensions = 16;

    /// <summary>Data types by their number in the format; no other is a weight.</summary>
    private static readonly Dictionary<ulong, ScalarType> FloatTypes = new()
    {
        [1] = ScalarType.Float32, [10] = ScalarType.Float16, [11] = ScalarType.Float64, [16] = ScalarType.BFloat16,
    };

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<long> _sizes = [];
    private readonly List<(int Field, int Start, int Length)> _data = [];
    private ulong _type;
    private bool _isElsewhere;

    /// <summary>Its name in the file.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Whether it is of a float type. Shapes and indices, which a graph holds besides, are not.</summary>
    public bool IsFloat => FloatTypes.ContainsKey(_type);

    /// <summary>Takes what a message says.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public void Read(ProtobufReader message)
    {
        while (message.Next())
        {
            Take(message);
        }
    }

    /// <summary>Type, sizes and place of the values, which must be as many as the sizes say.</summary>
    /// <exception cref="InvalidDataException">They are not, or the values are written in a way that is not read.</exception>
    public SafetensorsInfo ToInfo()
    {
        var type = FloatTypes[_type];
        if (_isElsewhere)
        {
            throw new InvalidDataException("its values are in another file (external_data); save the model as one file");
        }
        if (_data.Count > 1)
        {
            throw new InvalidDataException("its values are in several pieces; only one is supported");
        }
        var (field, start, length) = _data.Count == 1 ? _data[0] : (Fields.RawData, 0, 0);
        var isTheirs = field == Fields.RawData || (field == Fields.FloatData && type == ScalarType.Float32)
            || (field == Fields.DoubleData && type == ScalarType.Float64);
        if (!isTheirs)
        {
            throw new InvalidDataException($"its values are of {type}, but in field {field}; supported are raw_data, and float_data and "
                + "double_data for their types");
        }
        RequireLength(type, length);
        return new SafetensorsInfo(Name, type, _sizes, start, length);
    }

    private void RequireLength(ScalarType type, int length)
    {
        var shape = $"[{string.Join(", ", _sizes)}] of {type}";
        var span = _sizes.Aggregate((Int128)1, (product, size) => product > int.MaxValue ? product : product * Math.Max(size, 1));
        if (span > int.MaxValue)
        {
            throw new InvalidDataException($"{shape} is more than a file of this format can hold");
        }
        var expected = _sizes.Contains(0) ? 0 : (long)span * SafetensorsTypes.SizeOf(type);
        if (expected != length)
        {
            throw new InvalidDataException($"{shape} is {expected} bytes, but it has {length}");
        }
    }

    private void Take(ProtobufReader message)
    {
        switch (message.Field)
        {
            case Fields.Sizes when message.Wire == WireType.Varint:
                AddSize(message.Number);
                break;
            case Fields.Sizes when message.Wire == WireType.Bytes:
                for (var packed = message.Message(); !packed.AtEnd;)
                {
                    AddSize(packed.ReadVarint());
                }
                break;
            case Fields.Type when message.Wire == WireType.Varint:
                _type = message.Number;
                break;
            case Fields.Name when message.Wire == WireType.Bytes:
                Name = Text(message.Bytes);
                break;
            case Fields.FloatData or Fields.Int32Data or Fields.DoubleData or Fields.RawData when message.Wire == WireType.Bytes:
                _data.Add((message.Field, message.Start, message.Length));
                break;
            case Fields.Segment or Fields.ExternalData:
                _isElsewhere = true;
                break;
            case Fields.Location when message.Wire == WireType.Varint:
                _isElsewhere |= message.Number != 0;
                break;
            case Fields.Sizes or Fields.Type or Fields.Name or Fields.FloatData or Fields.Int32Data or Fields.DoubleData or Fields.RawData:
                throw new InvalidDataException($"field {message.Field} is written as {message.Wire}, which is not supported");
        }
    }

    private void AddSize(ulong size)
    {
        if (size > long.MaxValue)
        {
            throw new InvalidDataException($"one of its sizes is {(long)size}");
        }
        if (_sizes.Count == MaxDimensions)
        {
            throw new InvalidDataException($"it has more than {MaxDimensions} dimensions");
        }
        _sizes.Add((long)size);
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException("its name is not UTF-8", error);
        }
    }

    /// <summary>Numbers of the fields.</summary>
    private static class Fields
    {
        public const int Sizes = 1;
        public const int Type = 2;
        public const int Segment = 3;
        public const int FloatData = 4;
        public const int Int32Data = 5;
        public const int Name = 8;
        public const int RawData = 9;
        public const int DoubleData = 10;
        public const int ExternalData = 13;
        public const int Location = 14;
    }
}
