namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>Convolution: input [N, in, H, W], weight [out, in/groups, h, w]. Strides and dilation default to 1, padding to 0.</summary>
            public static Tensor conv2d(
                Tensor input, Tensor weight, Tensor bias = null, long[] strides = null, long[] padding = null, long[] dilation = null, long groups = 1)
            {
                strides ??= [1, 1];
                padding ??= [0, 0];
                dilation ??= [1, 1];
                return NativeMethods.l2c_conv2d(
                    input, weight, bias, strides, strides.Length, padding, padding.Length, dilation, dilation.Length, groups);
            }

            /// <summary>
            /// Resizes the spatial dimensions of [N, C, ...] to <paramref name="size"/>, or by <paramref name="scale_factor"/>. With antialiasing, bilinear
            /// and bicubic shrink as Pillow does.
            /// </summary>
            public static Tensor interpolate(
                Tensor x, long[] size = null, double[] scale_factor = null, InterpolationMode mode = InterpolationMode.Nearest, bool? align_corners = null,
                bool recompute_scale_factor = false, bool antialias = false)
            {
                if (size is null == scale_factor is null)
                {
                    throw new ArgumentException("interpolate takes either size or scale_factor.", nameof(size));
                }
                if (recompute_scale_factor && scale_factor is not null)
                {
                    size = [.. x.shape.Skip(2).Select((length, axis) => (long)Math.Floor(length * scale_factor[scale_factor.Length == 1 ? 0 : axis]))];
                    scale_factor = null;
                }
                var spatial = (int)x.dim() - 2;
                size = size is [var every] ? [.. Enumerable.Repeat(every, spatial)] : size;
                scale_factor = scale_factor is [var factor] ? [.. Enumerable.Repeat(factor, spatial)] : scale_factor;
                return NativeMethods.l2c_interpolate(x, size, size?.Length ?? -1, scale_factor, scale_factor?.Length ?? -1, (int)mode, align_corners ?? false, antialias);
            }

            /// <summary>Reads an image [N, C, H, W] at the points of a grid [N, h, w, 2] of (x, y) in [-1, 1].</summary>
            public static Tensor grid_sample(
                Tensor input, Tensor grid, GridSampleMode mode = GridSampleMode.Bilinear, GridSamplePaddingMode padding_mode = GridSamplePaddingMode.Zeros,
                bool? align_corners = null)
            {
                // libtorch counts bilinear, nearest; zeros, border, reflection.
                var nativePadding = padding_mode switch { GridSamplePaddingMode.Border => 1, GridSamplePaddingMode.Reflection => 2, _ => 0 };
                return NativeMethods.l2c_grid_sample(input, grid, mode == GridSampleMode.Nearest ? 1 : 0, nativePadding, align_corners ?? false);
            }

            /// <summary>The sampling grid of affine maps [N, 2, 3] for an output of <paramref name="size"/> [N, C, H, W].</summary>
            public static Tensor affine_grid(Tensor theta, long[] size = null, bool align_corners = false)
            {
                ArgumentNullException.ThrowIfNull(size);
                return NativeMethods.l2c_affine_grid(theta, size, size.Length, align_corners);
            }

            /// <summary>Adds <paramref name="pad"/> elements on both sides of the last dimension.</summary>
            public static Tensor pad(Tensor input, long pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, [pad, pad], mode, value);

            /// <summary>Pads the last dimension before and after, then the one before it, and so on.</summary>
            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, (ReadOnlySpan<long>)pad, mode, value);

            /// <inheritdoc cref="pad(Tensor, long[], PaddingModes, double)"/>
            public static Tensor pad(Tensor input, ReadOnlySpan<long> pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
            {
                var nativeMode = mode switch { PaddingModes.Reflect => 1, PaddingModes.Replicate => 2, PaddingModes.Circular => 3, _ => 0 };
                return NativeMethods.l2c_pad(input, pad, pad.Length, nativeMode, value);
            }

            /// <summary>Mean over windows; the stride is the window's size unless given.</summary>
            public static Tensor avg_pool2d(
                Tensor input, long kernel_size, long? stride = null, long padding = 0, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null)
            {
                if (divisor_override is not null)
                {
                    throw new NotSupportedException("avg_pool2d: divisor_override is not part of this engine.");
                }
                var step = stride ?? kernel_size;
                return NativeMethods.l2c_avg_pool2d(input, [kernel_size, kernel_size], 2, [step, step], 2, [padding, padding], 2, ceil_mode, count_include_pad);
            }

            /// <summary>Windows of [N, C, H, W] as columns [N, C*h*w, L].</summary>
            public static Tensor unfold(Tensor input, long kernel_size, long dilation = 1, long padding = 0, long stride = 1) =>
                NativeMethods.l2c_unfold(input, [kernel_size, kernel_size], [dilation, dilation], [padding, padding], [stride, stride]);
        }
    }
}
