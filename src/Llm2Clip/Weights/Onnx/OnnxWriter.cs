using System.Globalization;
using Llm2Clip.Files;
using static TorchSharp.torch;

namespace Llm2Clip.Weights.Onnx;

/// <summary>
/// Writes a graph as an ONNX file (https://github.com/onnx/onnx/blob/v1.17.0/onnx/onnx.proto, a ModelProto of IR version 8), whole or not
/// at all. A message of Protocol Buffers ends at 2 GB: the weights of larger models are in a file of their own beside it.
/// </summary>
internal static class OnnxWriter
{
    /// <summary>Ends the name of the file of weights.</summary>
    public const string DataEnd = ".data";

    /// <summary>Bytes of weights up to which there is one file.</summary>
    private const long MostInside = 1_900_000_000;

    private const int IrVersion = 8;

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="graph">What is written.</param>
    /// <param name="facts">Names and texts that say what it is.</param>
    /// <param name="mostInside">Bytes of weights up to which they are in the file itself.</param>
    /// <returns>The files that were written.</returns>
    public static IReadOnlyList<string> Write(
        string path, OnnxGraph graph, IReadOnlyDictionary<string, string> facts, long mostInside = MostInside)
    {
        var isSplit = graph.Constants.Sum(constant => constant.Bytes) > mostInside;
        var data = isSplit ? path + DataEnd : null;
        var heads = data is null ? [.. graph.Constants.Select(Head)] : WriteData(data, graph.Constants);
        var (before, after) = (new ProtobufWriter(), new ProtobufWriter());
        graph.Nodes.ForEach(node => before.Message(1, node));
        before.Text(2, graph.Name);
        graph.Inputs.ForEach(input => after.Message(11, Value(input)));
        graph.Outputs.ForEach(output => after.Message(12, Value(output)));

        // Of each tensor: its own field in the graph, what is said of it, and the field of its values.
        var tensors = graph.Constants.Zip(heads, (constant, head) =>
        {
            var inside = data is null ? new ProtobufWriter().Head(9, constant.Bytes) : new ProtobufWriter();
            var length = head.Length + inside.Length + (data is null ? constant.Bytes : 0);
            return (Constant: constant, Field: new ProtobufWriter().Head(5, length), Head: head, Inside: inside, Length: length);
        }).ToList();
        var model = new ProtobufWriter().Number(1, IrVersion).Text(2, "Llm2Clip").Text(3, Product.Version)
            .Message(8, new ProtobufWriter().Text(1, "").Number(2, OnnxGraph.OperatorSet));
        foreach (var (name, text) in facts)
        {
            model.Message(14, new ProtobufWriter().Text(1, name).Text(2, text));
        }
        model.Head(7, before.Length + after.Length + tensors.Sum(tensor => tensor.Field.Length + tensor.Length));

        using var file = new PendingFile(path);
        file.Stream.Write(model.Written);
        file.Stream.Write(before.Written);
        foreach (var tensor in tensors)
        {
            file.Stream.Write(tensor.Field.Written);
            file.Stream.Write(tensor.Head.Written);
            file.Stream.Write(tensor.Inside.Written);
            if (data is null)
            {
                WriteValues(file.Stream, tensor.Constant.Values);
            }
        }
        file.Stream.Write(after.Written);
        file.Complete();
        return data is null ? [path] : [path, data];
    }

    /// <summary>Writes the weights one after the other, and returns what the graph says of each.</summary>
    private static List<ProtobufWriter> WriteData(string path, IReadOnlyList<OnnxConstant> constants)
    {
        using var file = new PendingFile(path);
        var (heads, at) = (new List<ProtobufWriter>(), 0L);
        foreach (var constant in constants)
        {
            WriteValues(file.Stream, constant.Values);
            var head = Head(constant);
            foreach (var (key, text) in new[]
            {
                ("location", Path.GetFileName(path)), ("offset", at.ToString(CultureInfo.InvariantCulture)),
                ("length", constant.Bytes.ToString(CultureInfo.InvariantCulture)),
            })
            {
                head.Message(13, new ProtobufWriter().Text(1, key).Text(2, text));
            }
            heads.Add(head.Number(14, 1)); // data_location: external
            at += constant.Bytes;
        }
        file.Complete();
        return heads;
    }

    private static void WriteValues(Stream into, Tensor values)
    {
        into.Write(values.bytes);
        GC.KeepAlive(values);
    }

    /// <summary>Sizes, type and name of a TensorProto.</summary>
    private static ProtobufWriter Head(OnnxConstant constant)
    {
        var head = new ProtobufWriter();
        foreach (var size in constant.Values.shape)
        {
            head.Number(1, size);
        }
        return head.Number(2, constant.Type).Text(8, constant.Name);
    }

    /// <summary>A ValueInfoProto.</summary>
    private static ProtobufWriter Value(OnnxValue value)
    {
        var shape = new ProtobufWriter();
        foreach (var size in value.Shape)
        {
            shape.Message(1, size is string free
                ? new ProtobufWriter().Text(2, free)
                : new ProtobufWriter().Number(1, Convert.ToInt64(size, CultureInfo.InvariantCulture)));
        }
        var tensor = new ProtobufWriter().Number(1, value.Type).Message(2, shape);
        return new ProtobufWriter().Text(1, value.Name).Message(2, new ProtobufWriter().Message(1, tensor));
    }
}
