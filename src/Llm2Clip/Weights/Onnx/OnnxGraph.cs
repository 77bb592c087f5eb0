using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Weights.Onnx;

/// <summary>A tensor that a graph holds.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Values">Contiguous, in main memory, fp32 or int64.</param>
internal sealed record OnnxConstant(string Name, Tensor Values)
{
    /// <summary>Bytes of the values.</summary>
    public long Bytes => Values.numel() * Values.element_size();

    /// <summary>The number of the values' type in the format.</summary>
    public int Type => Values.dtype == ScalarType.Int64 ? OnnxTypes.Int64 : OnnxTypes.Float;
}

/// <summary>Numbers of types in the format (onnx.proto, TensorProto.DataType).</summary>
internal static class OnnxTypes
{
    public const int Float = 1;
    public const int Int32 = 6;
    public const int Int64 = 7;
}

/// <summary>An input or output: its name, type, and sizes; a text in the place of a size that a caller is free in.</summary>
internal sealed record OnnxValue(string Name, int Type, IReadOnlyList<object> Shape);

/// <summary>
/// A graph that is being put together: operators of version 17 of the standard set (https://onnx.ai/onnx/operators/), whose results are
/// named by numbers. Tensors that it takes belong to the current dispose scope, in which it must be written.
/// </summary>
internal sealed class OnnxGraph(string name)
{
    /// <summary>Version of the operators; the first with LayerNormalization.</summary>
    public const int OperatorSet = 17;

    private readonly Dictionary<string, string> _numbers = new(StringComparer.Ordinal);

    /// <summary>Name of the graph.</summary>
    public string Name => name;

    /// <summary>The operators, each a NodeProto, in the order in which they are computed.</summary>
    public List<ProtobufWriter> Nodes { get; } = [];

    /// <summary>Weights and other numbers.</summary>
    public List<OnnxConstant> Constants { get; } = [];

    /// <summary>What a caller gives.</summary>
    public List<OnnxValue> Inputs { get; } = [];

    /// <summary>What a caller gets.</summary>
    public List<OnnxValue> Outputs { get; } = [];

    /// <summary>Adds an input and returns its name.</summary>
    public string Input(string input, int type, params object[] shape)
    {
        Inputs.Add(new OnnxValue(input, type, shape));
        return input;
    }

    /// <summary>Gives a result a name that callers ask for.</summary>
    public void Output(string output, string of, params object[] shape)
    {
        Write("Identity", [of], output, []);
        Outputs.Add(new OnnxValue(output, OnnxTypes.Float, shape));
    }

    /// <summary>Adds a weight, in fp32 and in main memory, and returns its name.</summary>
    public string Weight(string weight, Tensor values)
    {
        Constants.Add(new OnnxConstant(weight, values.detach().cpu().to_type(ScalarType.Float32).contiguous()));
        return weight;
    }

    /// <summary>A list of whole numbers; equal ones are one.</summary>
    public string Numbers(params long[] values)
    {
        var key = $"numbers.{string.Join('.', values)}";
        return _numbers.TryGetValue(key, out var known) ? known : Add(key, tensor(values));
    }

    /// <summary>A single number; equal ones are one.</summary>
    public string Number(float value)
    {
        var key = $"number.{value.ToString("R", CultureInfo.InvariantCulture)}";
        return _numbers.TryGetValue(key, out var known) ? known : Add(key, tensor(value));
    }

    /// <summary>Adds an operator with one result, and returns the result's name.</summary>
    /// <param name="type">Name of the operator.</param>
    /// <param name="inputs">Names of its inputs.</param>
    /// <param name="attributes">Its attributes: long, float, long[] or string.</param>
    public string Apply(string type, IReadOnlyList<string> inputs, params (string Name, object Value)[] attributes)
    {
        var result = string.Create(CultureInfo.InvariantCulture, $"{type}.{Nodes.Count}");
        Write(type, inputs, result, attributes);
        return result;
    }

    private string Add(string key, Tensor values)
    {
        _numbers.Add(key, key);
        Constants.Add(new OnnxConstant(key, values));
        return key;
    }

    private void Write(string type, IReadOnlyList<string> inputs, string output, (string Name, object Value)[] attributes)
    {
        var node = new ProtobufWriter();
        foreach (var input in inputs)
        {
            node.Text(1, input);
        }
        node.Text(2, output).Text(3, output).Text(4, type);
        foreach (var (attribute, value) in attributes)
        {
            node.Message(5, Attribute(attribute, value));
        }
        Nodes.Add(node);
    }

    /// <summary>An AttributeProto.</summary>
    private static ProtobufWriter Attribute(string attribute, object value)
    {
        var message = new ProtobufWriter().Text(1, attribute);
        switch (value)
        {
            case float number:
                return message.Float(2, number).Number(20, 1);
            case long number:
                return message.Number(3, number).Number(20, 2);
            case string text:
                return message.Text(4, text).Number(20, 3);
            default:
                foreach (var number in (long[])value)
                {
                    message.Number(8, number);
                }
                return message.Number(20, 7);
        }
    }
}
