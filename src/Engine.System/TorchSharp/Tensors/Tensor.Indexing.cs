using System.Runtime.CompilerServices;
using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The part that the items choose, a view where none of them is a tensor; setting copies into it.</summary>
        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        /// <summary>The elements at the indices (or under the masks) that the tensors hold; setting copies into them.</summary>
        [IndexerName("TensorItems")]
        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        /// <summary>The part at the given index of each leading dimension, a view; setting copies into it.</summary>
        [IndexerName("TensorItems")]
        public Tensor this[long i1]
        {
            get => l2c_select(this, 0, i1);
            set => Put(value, [TensorIndex.Single(i1)]);
        }

        /// <inheritdoc cref="this[long]"/>
        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2]
        {
            get => index(TensorIndex.Single(i1), TensorIndex.Single(i2));
            set => Put(value, [TensorIndex.Single(i1), TensorIndex.Single(i2)]);
        }

        /// <inheritdoc cref="this[long]"/>
        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3]
        {
            get => index(TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3));
            set => Put(value, [TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3)]);
        }

        /// <inheritdoc cref="this[long]"/>
        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => index(TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3), TensorIndex.Single(i4));
            set => Put(value, [TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3), TensorIndex.Single(i4)]);
        }

        /// <summary>The part that the items choose.</summary>
        public Tensor index(params TensorIndex[] indices)
        {
            var result = l2c_index(this, Values(indices), indices.Length);
            GC.KeepAlive(indices);
            return result;
        }

        /// <summary>The elements at the indices, or under the masks, that the tensors hold.</summary>
        public Tensor index(params Tensor[] indices) => index(Items(indices));

        /// <summary>Copies the value into the part that the items choose.</summary>
        public Tensor index_put_(Tensor value, params TensorIndex[] indices) => Put(value, indices);

        /// <summary>Copies the value into the chosen part, or adds it there, several times where an index repeats.</summary>
        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false) => Put(value, indices, accumulate);

        /// <summary>Copies the value to the indices, or under the masks, that the tensors hold.</summary>
        public Tensor index_put_(Tensor value, params Tensor[] indices) => Put(value, Items(indices));

        /// <inheritdoc cref="index_put_(Tensor, TensorIndex[], bool)"/>
        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false) => Put(value, Items(indices), accumulate);

        /// <summary>Fills the part that the items choose.</summary>
        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            l2c_index_put_number_(this, Values(indices), indices.Length, value);
            GC.KeepAlive(indices);
            return this;
        }

        /// <summary>Fills the elements at the indices, or under the masks, that the tensors hold.</summary>
        public Tensor index_put_(Scalar value, params Tensor[] indices) => index_put_(value, Items(indices));

        private Tensor Put(Tensor value, TensorIndex[] indices, bool accumulate = false)
        {
            l2c_index_put_(this, Values(indices), indices.Length, value, accumulate);
            GC.KeepAlive(indices);
            return this;
        }

        private static TensorIndex[] Items(Tensor[] indices) => Array.ConvertAll(indices, TensorIndex.Tensor);

        private static TensorIndexValue[] Values(TensorIndex[] indices) =>
            Array.ConvertAll(indices, index => index.Value with { Tensor = index.IndexTensor?.Handle ?? 0 });
    }
}
