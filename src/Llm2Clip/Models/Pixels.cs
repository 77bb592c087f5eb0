using Llm2Clip.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>Loaders' uint8 images as the encoder's input.</summary>
internal static class Pixels
{
    /// <summary>[count, S, S, 3] uint8 on the device.</summary>
    public static Tensor ToTensor(ReadOnlySpan<byte> pixels, int count, int side, Device device)
    {
        using var scope = NewDisposeScope();
        var host = empty([count, side, side, 3], ScalarType.Byte);
        pixels.CopyTo(host.bytes);
        return (device.type == DeviceType.CPU ? host : host.to(device)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same of the beginning of an array, which a tensor on the CPU shares: a batch of thousands of images has hundreds of megabytes.
    /// The array must hold them as long as the tensor lives.
    /// </summary>
    public static Tensor Of(byte[] pixels, int count, int side, Device device)
    {
        using var scope = NewDisposeScope();
        var host = frombuffer(pixels, ScalarType.Byte, (long)count * side * side * 3).view(count, side, side, 3);
        return (device.type == DeviceType.CPU ? host : host.to(device)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// (pixel / 255 - mean) / std on the pixels' own device: [B, S, S, 3] uint8 to [B, 3, S, S] fp32 (channels last in memory).
    /// </summary>
    public static Tensor Normalize(Tensor pixels, ImageTransformConfig transform)
    {
        using var scope = NewDisposeScope();
        var factor = tensor(transform.Std.Select(std => 1 / (255 * std)).ToArray(), device: pixels.device);
        var shift = tensor(transform.Mean.Zip(transform.Std, (mean, std) => mean / std).ToArray(), device: pixels.device);
        return (pixels.to_type(ScalarType.Float32) * factor).sub_(shift).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }
}
