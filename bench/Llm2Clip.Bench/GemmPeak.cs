using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// The physical limit of a training step: how fast libtorch multiplies two large square matrices in this process, hence with this library's
/// settings of the allocator and the products.
/// </summary>
internal sealed class GemmPeak(Precision precision) : IDisposable
{
    public const int Side = 4096;

    /// <summary>Floating-point operations of one product.</summary>
    public const double Flops = 2.0 * Side * Side * Side;

    private readonly Tensor _left = Matrix(precision);
    private readonly Tensor _right = Matrix(precision);

    public void Run()
    {
        using var product = _left.matmul(_right);
        if (StudentStep.Place.type == DeviceType.CUDA)
        {
            cuda.synchronize();
        }
    }

    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
    }

    private static Tensor Matrix(Precision precision)
    {
        using var scope = NewDisposeScope();
        return randn([Side, Side], device: StudentStep.Place).ForProduct(precision).MoveToOuterDisposeScope();
    }
}
