using System.Runtime.InteropServices;

namespace LLama.Native;

/// <summary>Id of a token in the vocabulary.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct LLamaToken
{
    /// <summary>No token.</summary>
    public static readonly LLamaToken InvalidToken = -1;

    private readonly int value;

    private LLamaToken(int value) => this.value = value;

    public static explicit operator int(LLamaToken pos) => pos.value;

    public static implicit operator LLamaToken(int value) => new(value);

    /// <summary>What the token is.</summary>
    public LLamaTokenAttr GetAttributes(SafeLlamaModelHandle.Vocabulary vocab) => (LLamaTokenAttr)vocab.Attributes(value);

    /// <summary>True for tokens such as BOS or end-of-turn.</summary>
    public bool IsControl(SafeLlamaModelHandle.Vocabulary vocab) => vocab.IsControl(value);

    public override string ToString() => $"{value}";
}

/// <summary>Position of a token in its sequence, or index of an output in a batch.</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct LLamaPos
{
    /// <summary>The number.</summary>
    public int Value;

    private LLamaPos(int value) => Value = value;

    public static explicit operator int(LLamaPos pos) => pos.Value;

    public static implicit operator LLamaPos(int value) => new(value);

    public override string ToString() => $"{Value}";
}

/// <summary>Id of a sequence within a batch.</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct LLamaSeqId
{
    /// <summary>Sequence 0.</summary>
    public static readonly LLamaSeqId Zero = new(0);

    /// <summary>The number.</summary>
    public int Value;

    private LLamaSeqId(int value) => Value = value;

    public static explicit operator int(LLamaSeqId pos) => pos.Value;

    public static explicit operator LLamaSeqId(int value) => new(value);

    public override string ToString() => $"{Value}";
}
