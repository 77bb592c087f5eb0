// Whether the packages' natives load and work on this machine: a product with its gradient, and llama.cpp's own facts.
using LLama.Native;
using TorchSharp;

using var x = torch.ones(new long[] { 4, 4 }, requires_grad: true);
using var loss = torch.matmul(x, x).sum();
loss.backward();
if (x.grad is not { } grad || grad.sum().item<float>() != 128)
{
    Console.Error.WriteLine("TorchSharp computes a wrong gradient");
    return 1;
}
Console.WriteLine($"libtorch {torch.__version__}, llama.cpp with up to {NativeApi.llama_max_devices()} devices");
return 0;
