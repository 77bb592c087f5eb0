using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>Reads the bodies of requests, each kind with a bound of its own.</summary>
internal static class RequestBody
{
    private const int PieceBytes = 80 << 10;

    /// <summary>
    /// The whole body. Throws <see cref="ProblemException"/> (413) as soon as it is known to be longer than allowed. It is counted here, as
    /// the server's own bound closes the connection, and the client does not hear why.
    /// </summary>
    public static async Task<byte[]> Read(HttpContext context, long mostBytes)
    {
        if (context.Request.ContentLength > mostBytes)
        {
            throw TooLong(mostBytes);
        }
        using var memory = new MemoryStream();
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            while (await context.Request.Body.ReadAsync(piece, context.RequestAborted) is var read and > 0)
            {
                memory.Write(piece, 0, read);
                if (memory.Length > mostBytes)
                {
                    throw TooLong(mostBytes);
                }
            }
            return memory.ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static ProblemException TooLong(long mostBytes) =>
        new(StatusCodes.Status413PayloadTooLarge, $"The body is longer than the {mostBytes:N0} bytes that are read.");
}
