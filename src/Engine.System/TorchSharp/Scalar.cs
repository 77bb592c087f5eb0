using System.Numerics;
using System.Runtime.InteropServices.Marshalling;

namespace TorchSharp;

/// <summary>A number with its kind, as operations of a tensor and a number take it. Every numeric type converts to it.</summary>
[NativeMarshalling(typeof(ScalarMarshaller))]
public sealed class Scalar : IDisposable
{
    internal static readonly Scalar One = 1;

    internal readonly ScalarValue Value;

    private Scalar(ScalarValue value, torch.ScalarType type)
    {
        Value = value;
        Type = type;
    }

    /// <summary>The dtype that torch gives such a number: Int64, Float64, Bool or ComplexFloat64.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>Does nothing: the number holds no native memory here.</summary>
    public void Dispose()
    {
    }

    public static implicit operator Scalar(byte value) => Integer(value);

    public static implicit operator Scalar(sbyte value) => Integer(value);

    public static implicit operator Scalar(short value) => Integer(value);

    public static implicit operator Scalar(int value) => Integer(value);

    public static implicit operator Scalar(long value) => Integer(value);

    public static implicit operator Scalar(Half value) => Real((double)value);

    public static implicit operator Scalar(BFloat16 value) => Real((double)value);

    public static implicit operator Scalar(float value) => Real(value);

    public static implicit operator Scalar(double value) => Real(value);

    public static implicit operator Scalar(bool value) => new(new ScalarValue { Kind = 3, Integer = value ? 1 : 0 }, torch.ScalarType.Bool);

    public static implicit operator Scalar((float, float) value) => Of(new Complex(value.Item1, value.Item2));

    public static implicit operator Scalar(Complex value) => Of(value);

    internal static Scalar From(ScalarValue value) => value.Kind switch
    {
        1 => Integer(value.Integer),
        3 => value.Integer != 0,
        4 => Of(new Complex(value.Real, value.Imaginary)),
        _ => Real(value.Real),
    };

    private static Scalar Integer(long value) => new(new ScalarValue { Kind = 1, Integer = value }, torch.ScalarType.Int64);

    private static Scalar Real(double value) => new(new ScalarValue { Kind = 2, Real = value }, torch.ScalarType.Float64);

    private static Scalar Of(Complex value) =>
        new(new ScalarValue { Kind = 4, Real = value.Real, Imaginary = value.Imaginary }, torch.ScalarType.ComplexFloat64);
}

/// <summary>Numbers out of scalars and scalars out of numbers.</summary>
public static class ScalarExtensionMethods
{
    /// <summary>The number as a scalar.</summary>
    public static Scalar ToScalar(this byte value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this sbyte value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this short value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this int value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this long value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this Half value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this BFloat16 value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this float value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this double value) => value;

    /// <inheritdoc cref="ToScalar(byte)"/>
    public static Scalar ToScalar(this bool value) => value;

    /// <summary>The scalar as a 32-bit real.</summary>
    public static float ToSingle(this Scalar value) => (float)value.ToDouble();

    /// <summary>The scalar as a 64-bit real.</summary>
    public static double ToDouble(this Scalar value) => value.Value.Kind switch
    {
        2 => value.Value.Real,
        4 when value.Value.Imaginary != 0 => throw new InvalidCastException("A complex scalar with an imaginary part is no real number."),
        4 => value.Value.Real,
        _ => value.Value.Integer,
    };

    /// <summary>The scalar as half precision.</summary>
    public static Half ToHalf(this Scalar value) => (Half)value.ToDouble();

    /// <summary>The scalar as bfloat16.</summary>
    public static BFloat16 ToBFloat16(this Scalar value) => (BFloat16)value.ToDouble();

    /// <summary>The scalar as a 64-bit integer; a real is cut towards zero.</summary>
    public static long ToInt64(this Scalar value) => value.Value.Kind is 1 or 3 ? value.Value.Integer : (long)value.ToDouble();

    /// <summary>The scalar as a 32-bit integer; a real is cut towards zero.</summary>
    public static int ToInt32(this Scalar value) => (int)value.ToInt64();

    /// <summary>The scalar as a 16-bit integer.</summary>
    public static short ToInt16(this Scalar value) => (short)value.ToInt64();

    /// <summary>The scalar as an 8-bit integer.</summary>
    public static sbyte ToSByte(this Scalar value) => (sbyte)value.ToInt64();

    /// <summary>The scalar as a byte.</summary>
    public static byte ToByte(this Scalar value) => (byte)value.ToInt64();

    /// <summary>Whether the scalar is not zero.</summary>
    public static bool ToBoolean(this Scalar value) => value.ToDouble() != 0;
}
