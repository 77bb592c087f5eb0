using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llm2Clip.Training.Optimizer;

/// <summary>
/// One step of AdamW over spans. Elements do not depend on each other, and a product is rounded before it is added (no fused
/// multiply-add), so an element's result has the same bits wherever it lies and on every processor.
/// </summary>
internal readonly struct AdamWArithmetic
{
    private readonly Vector512<float> _scale;
    private readonly Vector512<float> _beta1;
    private readonly Vector512<float> _rest1;
    private readonly Vector512<float> _beta2;
    private readonly Vector512<float> _rest2;
    private readonly Vector512<float> _keep;
    private readonly Vector512<float> _root2;
    private readonly Vector512<float> _epsilon;
    private readonly Vector512<float> _rate;

    /// <summary>
    /// The constants of step <paramref name="step"/> (from 1), each computed in double and rounded to fp32 as tensor operations do.
    /// </summary>
    public AdamWArithmetic(AdamWOptions options, long step, double learningRate, double weightDecay, double gradientScale)
    {
        static Vector512<float> All(double value) => Vector512.Create((float)value);
        _scale = All(gradientScale);
        (_beta1, _rest1) = (All(options.Beta1), All(1 - options.Beta1));
        (_beta2, _rest2) = (All(options.Beta2), All(1 - options.Beta2));
        _keep = All(1 - (learningRate * weightDecay));
        _root2 = All(Math.Sqrt(1 - Math.Pow(options.Beta2, step)));
        _epsilon = All(options.Epsilon);
        _rate = All(-learningRate / (1 - Math.Pow(options.Beta1, step)));
    }

    /// <summary>Updates parameters and moments in place; all spans are of one length.</summary>
    public void Update(Span<float> parameters, ReadOnlySpan<float> gradients, Span<float> firstMoment, Span<float> secondMoment)
    {
        if (gradients.Length != parameters.Length || firstMoment.Length != parameters.Length || secondMoment.Length != parameters.Length)
        {
            throw new ArgumentException(
                $"{parameters.Length} parameters, {gradients.Length} gradients, {firstMoment.Length} and {secondMoment.Length} moments.");
        }
        ref var p = ref MemoryMarshal.GetReference(parameters);
        ref var g = ref MemoryMarshal.GetReference(gradients);
        ref var m = ref MemoryMarshal.GetReference(firstMoment);
        ref var v = ref MemoryMarshal.GetReference(secondMoment);
        nuint i = 0;
        for (; (int)i <= parameters.Length - Vector512<float>.Count; i += (nuint)Vector512<float>.Count)
        {
            var (first, second) = (Vector512.LoadUnsafe(ref m, i), Vector512.LoadUnsafe(ref v, i));
            Next(Vector512.LoadUnsafe(ref p, i), Vector512.LoadUnsafe(ref g, i), ref first, ref second).StoreUnsafe(ref p, i);
            first.StoreUnsafe(ref m, i);
            second.StoreUnsafe(ref v, i);
        }
        for (var at = (int)i; at < parameters.Length; at++)
        {
            var (first, second) = (Vector512.CreateScalar(firstMoment[at]), Vector512.CreateScalar(secondMoment[at]));
            var next = Next(Vector512.CreateScalar(parameters[at]), Vector512.CreateScalar(gradients[at]), ref first, ref second);
            parameters[at] = next.ToScalar();
            (firstMoment[at], secondMoment[at]) = (first.ToScalar(), second.ToScalar());
        }
    }

    private Vector512<float> Next(
        Vector512<float> parameter, Vector512<float> gradient, ref Vector512<float> first, ref Vector512<float> second)
    {
        gradient *= _scale;
        first = (first * _beta1) + (gradient * _rest1);
        second = (second * _beta2) + (gradient * gradient * _rest2);
        return (parameter * _keep) + (_rate * first / ((Vector512.Sqrt(second) / _root2) + _epsilon));
    }
}
