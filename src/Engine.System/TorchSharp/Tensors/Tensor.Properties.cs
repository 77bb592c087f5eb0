using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Number of dimensions.</summary>
        public long Dimensions => l2c_dim(this);

        /// <inheritdoc cref="Dimensions"/>
        public long dim() => l2c_dim(this);

        /// <inheritdoc cref="Dimensions"/>
        public long ndim => l2c_dim(this);

        /// <summary>Number of elements.</summary>
        public long NumberOfElements => l2c_numel(this);

        /// <inheritdoc cref="NumberOfElements"/>
        public long numel() => l2c_numel(this);

        /// <summary>Bytes of one element.</summary>
        public long ElementSize => l2c_element_size(this);

        /// <inheritdoc cref="ElementSize"/>
        public long element_size() => l2c_element_size(this);

        /// <summary>Element type.</summary>
        public ScalarType dtype => (ScalarType)l2c_dtype(this);

        /// <summary>Where the tensor lives.</summary>
        public Device device => device_type == DeviceType.CPU ? CPU : new Device(device_type, device_index);

        /// <summary>The kind of device where the tensor lives.</summary>
        public DeviceType device_type => (DeviceType)l2c_device_type(this);

        /// <summary>Number of that device among its kind, -1 for the CPU.</summary>
        public int device_index => l2c_device_index(this);

        /// <summary>Length of every dimension.</summary>
        public long[] shape
        {
            get
            {
                var sizes = new long[l2c_dim(this)];
                l2c_sizes(this, sizes);
                return sizes;
            }
        }

        /// <inheritdoc cref="shape"/>
        public long[] size() => shape;

        /// <summary>Length of one dimension; negative ones count from the last.</summary>
        public long size(int dim)
        {
            Span<long> sizes = stackalloc long[(int)l2c_dim(this)];
            l2c_sizes(this, sizes);
            return sizes[Wrap(dim, sizes.Length)];
        }

        /// <summary>Elements from one index to the next, for every dimension.</summary>
        public long[] stride()
        {
            var strides = new long[l2c_dim(this)];
            l2c_strides(this, strides);
            return strides;
        }

        /// <summary>Elements from one index to the next in one dimension.</summary>
        public long stride(int dim)
        {
            Span<long> strides = stackalloc long[(int)l2c_dim(this)];
            l2c_strides(this, strides);
            return strides[Wrap(dim, strides.Length)];
        }

        /// <summary>Elements of the storage before the first of this tensor.</summary>
        public long storage_offset() => l2c_storage_offset(this);

        /// <summary>Whether the elements lie in the order of their indices, without gaps.</summary>
        public bool is_contiguous() => l2c_is_contiguous(this);

        /// <summary>Whether the tensor is sparse.</summary>
        public bool is_sparse => l2c_is_sparse(this);

        /// <summary>Whether the tensor has shapes only.</summary>
        public bool is_meta => device_type == DeviceType.META;

        /// <summary>Whether the tensor lives on the CPU.</summary>
        public bool is_cpu() => device_type == DeviceType.CPU;

        /// <summary>Whether the tensor lives on a GPU.</summary>
        public bool is_cuda => device_type == DeviceType.CUDA;

        /// <summary>Whether the memory is page-locked.</summary>
        public bool is_pinned()
        {
            l2c_is_pinned(this, out var result);
            return result != 0;
        }

        /// <summary>A copy in page-locked memory, from which transfers to a GPU can overlap.</summary>
        public Tensor pin_memory() => l2c_pin_memory(this);

        /// <summary>Whether the dtype is a real floating one.</summary>
        public bool is_floating_point() => torch.is_floating_point(dtype);

        /// <summary>Whether the dtype is an integer; bool counts.</summary>
        public bool is_integral() => torch.is_integral(dtype);

        /// <summary>Whether the dtype is complex.</summary>
        public bool is_complex() => torch.is_complex(dtype);

        /// <summary>Whether the only element is not zero.</summary>
        public bool is_nonzero() => ToScalar().ToBoolean();

        /// <summary>The tensor with all dimensions reversed.</summary>
        public Tensor T => l2c_numpy_t(this);

        /// <summary>The tensor with its last two dimensions exchanged.</summary>
        public Tensor mT => l2c_mt(this);

        private static int Wrap(int dim, int dimensions) =>
            dim >= -dimensions && dim < dimensions
                ? dim < 0 ? dim + dimensions : dim
                : throw new ArgumentOutOfRangeException(nameof(dim), $"Dimension {dim} is outside [{-dimensions}, {dimensions - 1}].");
    }

    /// <summary>Number of elements.</summary>
    public static long numel(Tensor input) => input.numel();

    /// <inheritdoc cref="Tensor.is_floating_point"/>
    public static bool is_floating_point(Tensor input) => input.is_floating_point();

    /// <inheritdoc cref="Tensor.is_integral"/>
    public static bool is_integral(Tensor t) => t.is_integral();

    /// <inheritdoc cref="Tensor.is_complex"/>
    public static bool is_complex(Tensor input) => input.is_complex();

    /// <inheritdoc cref="Tensor.is_nonzero"/>
    public static bool is_nonzero(Tensor input) => input.is_nonzero();

    /// <summary>Whether the object is a tensor.</summary>
    public static bool is_tensor(object obj) => obj is Tensor;
}
