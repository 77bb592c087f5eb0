using Llm2Clip.Engine.Llama;

namespace LLama.Native;

/// <summary>Tokens of one or several sequences, decoded together.</summary>
public class LLamaBatch
{
    private int[] tokens = new int[256];
    private int[] positions = new int[256];
    private int[] sequences = new int[256];
    private byte[] outputs = new byte[256];

    /// <summary>Tokens so far.</summary>
    public int TokenCount { get; private set; }

    /// <summary>Forgets all tokens.</summary>
    public void Clear() => TokenCount = 0;

    /// <summary>Adds a token to one sequence; <paramref name="logits"/>: its hidden state is wanted. Returns its index.</summary>
    public int Add(LLamaToken token, LLamaPos pos, LLamaSeqId sequence, bool logits)
    {
        if (TokenCount == tokens.Length)
        {
            var size = tokens.Length * 2;
            Array.Resize(ref tokens, size);
            Array.Resize(ref positions, size);
            Array.Resize(ref sequences, size);
            Array.Resize(ref outputs, size);
        }
        tokens[TokenCount] = (int)token;
        positions[TokenCount] = pos.Value;
        sequences[TokenCount] = sequence.Value;
        outputs[TokenCount] = logits ? (byte)1 : (byte)0;
        return TokenCount++;
    }

    /// <summary>Hands the batch to <paramref name="decode"/> in the library's layout; pointers live for the call only.</summary>
    internal unsafe int Use(Func<NativeBatch, int> decode)
    {
        var counts = new int[TokenCount];
        counts.AsSpan().Fill(1);
        var pointers = new nint[TokenCount];
        fixed (int* token = tokens, position = positions, sequence = sequences, count = counts)
        fixed (nint* pointer = pointers)
        fixed (byte* output = outputs)
        {
            for (var i = 0; i < TokenCount; i++)
            {
                pointer[i] = (nint)(sequence + i);
            }
            return decode(new NativeBatch
            {
                n_tokens = TokenCount,
                token = (nint)token,
                pos = (nint)position,
                n_seq_id = (nint)count,
                seq_id = (nint)pointer,
                logits = (nint)output,
            });
        }
    }
}
