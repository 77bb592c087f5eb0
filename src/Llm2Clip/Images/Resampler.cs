// Own: equal to Pillow's resizing to the bit, which no library's resizing is, NetVips' included; PixelGoldenTests compare.
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llm2Clip.Images;

/// <summary>A rectangle of pixels.</summary>
internal readonly record struct PixelArea(int X, int Y, int Width, int Height);

/// <summary>A part of an image in pixels; its edges may fall between them.</summary>
internal readonly record struct CropBox(double X, double Y, double Width, double Height)
{
    public static implicit operator CropBox(PixelArea area) => new(area.X, area.Y, area.Width, area.Height);

    /// <summary>The same part of an image that is <paramref name="x"/> and <paramref name="y"/> times as large.</summary>
    public CropBox Scale(double x, double y) => new(X * x, Y * y, Width * x, Height * y);
}

/// <summary>
/// Resize of RGB bytes, to the bit as Pillow's (src/libImaging/Resample.c): horizontal pass first, rounded and clipped to
/// bytes, then the vertical one. Takes any crop of an image and computes only the wanted window of the result, mirrored if asked,
/// so that "resize, crop, flip" costs what its output needs. Holds scratch memory: one per thread.
/// </summary>
internal sealed unsafe class Resampler
{
    private const int Half = 1 << (ResampleAxis.PrecisionBits - 1);

    /// <summary>Bytes that vector code may touch past the end of a row.</summary>
    private const int Slack = 32;

    private readonly ResampleAxis _horizontal;
    private readonly ResampleAxis _vertical;
    private readonly bool _vectors;
    private byte[] _rows = [];
    private byte[] _lastRow = [];

    /// <summary><paramref name="vectors"/> = false takes the plain loops, which give the same bytes.</summary>
    public Resampler(bool vectors = true, ResampleFilter filter = ResampleFilter.Bicubic)
    {
        _vectors = vectors && Avx2.IsSupported;
        (_horizontal, _vertical) = (new ResampleAxis(filter), new ResampleAxis(filter));
    }

    /// <summary>
    /// Resizes <paramref name="crop"/> of <paramref name="source"/> to <paramref name="width"/> x <paramref name="height"/> and writes
    /// the part <paramref name="window"/> of that to <paramref name="target"/>, [window.Height, window.Width, 3].
    /// </summary>
    public void Resize(RgbImage source, CropBox crop, int width, int height, PixelArea window, bool mirror, Span<byte> target)
    {
        // Pixels outside the crop do not exist for the kernel, as after torchvision's crop.
        var (left, right) = ((int)Math.Floor(crop.X), Math.Min(source.Width, (int)Math.Ceiling(crop.X + crop.Width)));
        var (top, bottom) = ((int)Math.Floor(crop.Y), Math.Min(source.Height, (int)Math.Ceiling(crop.Y + crop.Height)));
        _horizontal.Build(right - left, crop.X - left, crop.Width, width, window.X, window.Width, mirror);
        _vertical.Build(bottom - top, crop.Y - top, crop.Height, height, window.Y, window.Height, mirror: false);
        var rowBytes = window.Width * 3;
        var rows = _vertical.EndInput - _vertical.FirstInput;
        var needed = checked(rows * rowBytes + Slack);
        if (_rows.Length < needed)
        {
            _rows = GC.AllocateUninitializedArray<byte>(needed);
        }
        fixed (byte* pixels = source.Pixels, between = _rows, output = target)
        fixed (int* horizontal = _horizontal.Weights, vertical = _vertical.Weights)
        {
            for (var row = 0; row < rows; row++)
            {
                var y = top + _vertical.FirstInput + row;
                HorizontalRow(source, pixels, left, y, horizontal, between + row * rowBytes);
            }
            for (var y = 0; y < window.Height; y++)
            {
                var first = between + (_vertical.Start[y] - _vertical.FirstInput) * rowBytes;
                VerticalRow(first, rowBytes, vertical + y * _vertical.Stride, _vertical.Taps[y], output + y * rowBytes);
            }
        }
    }

    private void HorizontalRow(RgbImage source, byte* pixels, int x, int y, int* weights, byte* target)
    {
        var row = pixels + ((long)y * source.Width + x) * 3;
        if (!_vectors)
        {
            HorizontalScalar(row, weights, target);
            return;
        }
        // Vector loads reach past the last needed pixel; at the very end of the image they go to a padded copy of the row.
        var reach = ((long)y * source.Width + x + _horizontal.EndInput) * 3 + Slack;
        if (reach <= source.Pixels.Length)
        {
            HorizontalVectors(row, weights, target);
            return;
        }
        var length = _horizontal.EndInput * 3;
        if (_lastRow.Length < length + Slack)
        {
            _lastRow = new byte[length + Slack];
        }
        new ReadOnlySpan<byte>(row, length).CopyTo(_lastRow);
        fixed (byte* copy = _lastRow)
        {
            HorizontalVectors(copy, weights, target);
        }
    }

    private void HorizontalScalar(byte* row, int* weights, byte* target)
    {
        for (var x = 0; x < _horizontal.Count; x++, weights += _horizontal.Stride, target += 3)
        {
            var from = row + _horizontal.Start[x] * 3;
            int r = Half, g = Half, b = Half;
            for (var t = 0; t < _horizontal.Taps[x]; t++, from += 3)
            {
                var weight = weights[t / 2 * ResampleAxis.PairLanes + t % 2 * 4];
                r += from[0] * weight;
                g += from[1] * weight;
                b += from[2] * weight;
            }
            (target[0], target[1], target[2]) = (Clip(r), Clip(g), Clip(b));
        }
    }

    /// <summary>
    /// Two taps (pixels) per step: lanes R G B - R G B -. Rows lie back to back, so the fourth byte of a store is overwritten by the next
    /// pixel.
    /// </summary>
    private void HorizontalVectors(byte* row, int* weights, byte* target)
    {
        var spread = Vector128.Create(0, 1, 2, 0x80, 3, 4, 5, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80);
        var start = Vector256.Create(Half, Half, Half, 0, 0, 0, 0, 0);
        var stride = _horizontal.Stride;
        fixed (int* starts = _horizontal.Start, taps = _horizontal.Taps)
        {
            for (var x = 0; x < _horizontal.Count; x++, weights += stride, target += 3)
            {
                var from = row + starts[x] * 3;
                var sum = start;
                var weight = weights;
                for (var t = taps[x]; t > 0; t -= 2, from += 6, weight += ResampleAxis.PairLanes)
                {
                    var pair = Ssse3.Shuffle(Vector128.CreateScalarUnsafe(*(ulong*)from).AsByte(), spread.AsByte());
                    sum += Avx2.MultiplyLow(Avx2.ConvertToVector256Int32(pair), Vector256.Load(weight));
                }
                var pixel = Sse2.ShiftRightArithmetic(sum.GetLower() + sum.GetUpper(), ResampleAxis.PrecisionBits);
                var words = Sse2.PackSignedSaturate(pixel, pixel);
                *(uint*)target = Sse2.PackUnsignedSaturate(words, words).AsUInt32().ToScalar();
            }
        }
    }

    private void VerticalRow(byte* first, int rowBytes, int* weights, int taps, byte* target)
    {
        var at = 0;
        if (_vectors)
        {
            var order = Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7);
            for (; at + 32 <= rowBytes; at += 32)
            {
                Vector256<int> a = Vector256.Create(Half), b = a, c = a, d = a;
                var from = first + at;
                for (var t = 0; t < taps; t++, from += rowBytes)
                {
                    var weight = Vector256.Create(weights[t / 2 * ResampleAxis.PairLanes + t % 2 * 4]);
                    a += Avx2.MultiplyLow(Avx2.ConvertToVector256Int32(from), weight);
                    b += Avx2.MultiplyLow(Avx2.ConvertToVector256Int32(from + 8), weight);
                    c += Avx2.MultiplyLow(Avx2.ConvertToVector256Int32(from + 16), weight);
                    d += Avx2.MultiplyLow(Avx2.ConvertToVector256Int32(from + 24), weight);
                }
                var low = Avx2.PackSignedSaturate(a >> ResampleAxis.PrecisionBits, b >> ResampleAxis.PrecisionBits);
                var high = Avx2.PackSignedSaturate(c >> ResampleAxis.PrecisionBits, d >> ResampleAxis.PrecisionBits);
                // Packing works within 128-bit halves; the permutation puts the groups of four back in order.
                Avx2.PermuteVar8x32(Avx2.PackUnsignedSaturate(low, high).AsInt32(), order).AsByte().Store(target + at);
            }
        }
        for (; at < rowBytes; at++)
        {
            var sum = Half;
            for (var t = 0; t < taps; t++)
            {
                sum += first[t * rowBytes + at] * weights[t / 2 * ResampleAxis.PairLanes + t % 2 * 4];
            }
            target[at] = Clip(sum);
        }
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleAxis.PrecisionBits, 0, 255);
}
