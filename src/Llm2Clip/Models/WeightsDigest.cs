using System.Globalization;
using System.IO.Hashing;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>A hash of weights, to know models again.</summary>
internal static class WeightsDigest
{
    /// <summary>XxHash128 of names and values, 32 hexadecimal digits.</summary>
    public static string Of(IEnumerable<(string Name, Tensor Weight)> weights)
    {
        var hash = new XxHash128();
        using var scope = NewDisposeScope();
        foreach (var (name, weight) in weights)
        {
            var values = weight.detach().cpu().contiguous();
            hash.Append(System.Text.Encoding.UTF8.GetBytes(name));
            hash.Append(values.bytes);
        }
        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }
}
