namespace Llm2Clip.Images;

/// <summary>
/// Weights of one direction of a resize, as Pillow computes them (src/libImaging/Resample.c, precompute_coeffs and
/// normalize_coeffs_8bpc): each output takes <see cref="Taps"/> inputs from <see cref="Start"/> on, weighted in
/// 22-bit fixed point. Shrinking widens the kernel (antialias). Reused from image to image.
/// </summary>
internal sealed class ResampleAxis(ResampleFilter filter)
{
    /// <summary>Bits behind the point: 32, less 8 for the pixel and 2 for overshoot.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    /// <summary>Weights are stored in pairs of taps, each repeated for four lanes: one vector covers two pixels.</summary>
    public const int PairLanes = 8;

    private double[] _kernel = [];

    /// <summary>First input of each output.</summary>
    public int[] Start { get; private set; } = [];

    /// <summary>Number of inputs of each output, zero weights at the ends left out.</summary>
    public int[] Taps { get; private set; } = [];

    /// <summary>Weights, <see cref="Stride"/> apart from output to output.</summary>
    public int[] Weights { get; private set; } = [];

    /// <summary>Lanes of <see cref="Weights"/> from one output to the next.</summary>
    public int Stride { get; private set; }

    /// <summary>Number of outputs.</summary>
    public int Count { get; private set; }

    /// <summary>Smallest input that any output needs.</summary>
    public int FirstInput { get; private set; }

    /// <summary>One past the largest input that any output needs.</summary>
    public int EndInput { get; private set; }

    /// <summary>
    /// Outputs <paramref name="first"/>.. of a resize from <paramref name="length"/> inputs, starting at <paramref name="offset"/>, to
    /// <paramref name="outSize"/>, mirrored if asked. Only inputs 0..<paramref name="inSize"/> - 1 exist; for whole images and
    /// crops on whole pixels offset is 0 and length is inSize.
    /// </summary>
    public void Build(int inSize, double offset, double length, int outSize, int first, int count, bool mirror)
    {
        var scale = length / outSize;
        var filterScale = Math.Max(scale, 1.0);
        var support = (filter == ResampleFilter.Bicubic ? 2.0 : 1.0) * filterScale;
        var maxTaps = (int)Math.Ceiling(support) * 2 + 1;
        Reserve(count, maxTaps);
        (FirstInput, EndInput) = (int.MaxValue, 0);
        for (var i = 0; i < count; i++)
        {
            var center = offset + (first + i + 0.5) * scale;
            var low = Math.Max(0, (int)(center - support + 0.5));
            var taps = Math.Min(inSize, (int)(center + support + 0.5)) - low;
            var sum = 0.0;
            for (var t = 0; t < taps; t++)
            {
                sum += _kernel[t] = Kernel((t + low - center + 0.5) * (1.0 / filterScale));
            }
            Store(mirror ? count - 1 - i : i, low, taps, sum);
        }
    }

    /// <summary>The weight of tap <paramref name="tap"/> of an output.</summary>
    public int Weight(int output, int tap) => Weights[output * Stride + tap / 2 * PairLanes + tap % 2 * 4];

    private void Reserve(int count, int maxTaps)
    {
        Count = count;
        Stride = (maxTaps + 1) / 2 * PairLanes;
        if (Start.Length < count)
        {
            Start = new int[count];
            Taps = new int[count];
        }
        if (Weights.Length < count * Stride)
        {
            Weights = new int[checked(count * Stride)];
        }
        if (_kernel.Length < maxTaps)
        {
            _kernel = new double[maxTaps];
        }
    }

    private void Store(int output, int low, int taps, double sum)
    {
        var weights = Weights.AsSpan(output * Stride, Stride);
        weights.Clear();
        int first = taps, end = 0;
        for (var t = 0; t < taps; t++)
        {
            var normal = (sum == 0 ? _kernel[t] : _kernel[t] / sum) * (1 << PrecisionBits);
            var rounded = (int)(normal < 0 ? normal - 0.5 : normal + 0.5);
            _kernel[t] = rounded;
            if (rounded != 0)
            {
                first = Math.Min(first, t);
                end = t + 1;
            }
        }
        for (var t = first; t < end; t++)
        {
            var place = (t - first) / 2 * PairLanes + (t - first) % 2 * 4;
            weights.Slice(place, 4).Fill((int)_kernel[t]);
        }
        Start[output] = low + Math.Min(first, Math.Max(0, taps - 1));
        Taps[output] = Math.Max(0, end - first);
        FirstInput = Math.Min(FirstInput, Start[output]);
        EndInput = Math.Max(EndInput, Start[output] + Taps[output]);
    }

    private double Kernel(double x) => filter == ResampleFilter.Bicubic ? Bicubic(x) : Math.Max(0, 1 - Math.Abs(x));

    private static double Bicubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * a
            : 0;
    }
}
