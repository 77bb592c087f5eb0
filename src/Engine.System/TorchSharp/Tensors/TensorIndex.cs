using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One item of an index expression: a number, a slice, an ellipsis, a new axis, a bool or a tensor.</summary>
    public struct TensorIndex
    {
        internal TensorIndexValue Value;
        internal Tensor IndexTensor;

        /// <summary>All dimensions that the other items leave.</summary>
        public static readonly TensorIndex Ellipsis = new() { Value = { Kind = 1 } };

        /// <summary>A new dimension of length 1.</summary>
        public static readonly TensorIndex None = new() { Value = { Kind = 0 } };

        /// <inheritdoc cref="None"/>
        public static readonly TensorIndex Null = None;

        /// <summary>All of a dimension.</summary>
        public static readonly TensorIndex Colon = Slice();

        /// <summary>From <paramref name="start"/> to before <paramref name="stop"/>; negative numbers count from the end.</summary>
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { Value = { Kind = 4, Start = Code(start), Stop = Code(stop), Step = Code(step) } };

        /// <inheritdoc cref="Slice(long?, long?, long?)"/>
        public static TensorIndex Slice((int?, int?) range) => Slice(range.Item1, range.Item2);

        /// <inheritdoc cref="Slice(long?, long?, long?)"/>
        public static TensorIndex Slice(Range range) =>
            Slice(
                range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value,
                range.End.IsFromEnd ? range.End.Value == 0 ? null : -range.End.Value : range.End.Value);

        /// <summary>A new dimension of length 1 or 0.</summary>
        public static TensorIndex Bool(bool value) => new() { Value = { Kind = 3, Start = value ? 1 : 0 } };

        /// <summary>One index; the dimension goes. Null is a new dimension.</summary>
        public static TensorIndex Single(long? index) => index is { } value ? new() { Value = { Kind = 2, Start = value } } : None;

        /// <summary>The indices, or as a mask the positions, that a tensor holds.</summary>
        public static TensorIndex Tensor(torch.Tensor tensor) => new() { Value = { Kind = 5 }, IndexTensor = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex((int?, int?) range) => Slice(range);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex(Index index) => Single(index.IsFromEnd ? -index.Value : index.Value);
    }
}
