using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace TorchSharp;

/// <summary>Entries of native/extras.cpp and native/attention.cpp: what goes beyond the package.</summary>
internal static partial class NativeMethods
{
    [LibraryImport(Library)] internal static partial Status l2c_fused_adamw(torch.Tensor param, torch.Tensor grad, torch.Tensor mean, torch.Tensor square, ReadOnlySpan<Llm2Clip.Engine.Torch.AdamWSegment> segments, long segments_length, double beta1, double beta2, double eps, long step, double grad_scale);
    [LibraryImport(Library)] internal static partial Status l2c_squared_norm(torch.Tensor self, out double @out);
    [LibraryImport(Library)] internal static partial nint l2c_describe();
    [LibraryImport(Library)] internal static partial int l2c_has_attention();
    [LibraryImport(Library)] internal static partial torch.Tensor l2c_attention(torch.Tensor packed, torch.Tensor query, long heads);
}
