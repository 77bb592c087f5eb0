#if !ENGINE_NUGET
using TorchSharp;
using static TorchSharp.NativeMethods;

namespace Llm2Clip.Tests.Engine;

/// <summary>
/// The bridge's layers and losses, against Debian's PyTorch 1.13 (F stands for torch.nn.functional). Inputs: x, w as in
/// <see cref="TorchOperationTests"/>; img = arange(32.).view(1, 2, 4, 4) / 10; q, k, v [1, 2, 3, 4] = sin(arange(24.)), cos(arange(24.)), arange(24.) / 24.
/// </summary>
public sealed class TorchLayerTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly torch.Tensor x = torch.linspace(-2, 2, 12).view(3, 4);
    private readonly torch.Tensor w = (torch.arange(8f).view(2, 4) - 3) / 5;
    private readonly torch.Tensor image = torch.arange(32f).view(1, 2, 4, 4) / 10;
    private readonly torch.Tensor labels = torch.tensor([1L, 0L, 3L]);

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Linear_and_layer_norm()
    {
        // F.linear(x, w, tensor([.1, -.2])); F.layer_norm(x, [4], tensor([1., 2, 3, 4]), tensor([.1, .2, .3, .4]))[0]
        TorchExpect.Values(l2c_linear(x, w, torch.tensor([0.1f, -0.2f])), 1e-5, 2.209091, -2.745455, 0.4636363, 0.1636363, -1.281818, 3.072727);
        var norm = l2c_layer_norm(x, [4], 1, torch.tensor([1f, 2f, 3f, 4f]), torch.tensor([0.1f, 0.2f, 0.3f, 0.4f]), 1e-5);
        TorchExpect.Values(norm[0], 1e-5, -1.2416, -0.6944, 1.641601, 5.766402);
    }

    [Fact]
    public void Activations()
    {
        TorchExpect.Values(l2c_gelu(x, false)[2], 1e-5, 0.7439536, 1.143472, 1.553103, 1.9545);
        TorchExpect.Values(l2c_gelu(x, true)[2], 1e-5, 0.743833, 1.143245, 1.552935, 1.954598);
    }

    [Fact]
    public void Convolution_embedding_unfold()
    {
        // F.conv2d(img, (arange(16.).view(2, 2, 2, 2) - 8) / 7, tensor([.5, -.5]), stride=2)
        var kernel = (torch.arange(16f).view(2, 2, 2, 2) - 8) / 7;
        var result = l2c_conv2d(image, kernel, torch.tensor([0.5f, -0.5f]), [2, 2], 2, [0, 0], 2, [1, 1], 2, 1);
        TorchExpect.Values(result, 1e-4, -2.814286, -3.842857, -6.928572, -7.957143, 5.785714, 6.585714, 8.985714, 9.785715);
        TorchExpect.Values(l2c_embedding(w.t(), torch.tensor([2L, 0L]), -1), 1e-6, -0.2, 0.6, -0.6, 0.2);
        TorchExpect.Values(l2c_unfold(image, [2, 2], [1, 1], [0, 0], [2, 2])[0, .., 3], 1e-6, 1.0, 1.1, 1.4, 1.5, 2.6, 2.7, 3.0, 3.1);
    }

    [Fact]
    public void Losses()
    {
        // F.cross_entropy(x, [1, 0, 3], label_smoothing=.1); F.nll_loss(log_softmax(x, 1), [1, 0, 3], reduction='sum')
        TorchExpect.Values(l2c_cross_entropy(x, labels, null, 1, -100, 0.1), 1e-5, 1.521986);
        TorchExpect.Values(l2c_nll_loss(x.log_softmax(1), labels, null, 2, -100), 1e-5, 4.584141);
        TorchExpect.Values(l2c_binary_cross_entropy_with_logits(x, (x > 0).to(torch.float32) * 0.8f, null, null, 1), 1e-5, 0.4347211);
        TorchExpect.Values(l2c_normalize(x, 2, 1, 1e-12)[0], 1e-5, -0.6621222, -0.5417363, -0.4213505, -0.3009646);
    }

    [Fact]
    public void Attention()
    {
        // (q @ k.transpose(-2, -1) / 2 [masked]).softmax(-1) @ v, of the second head
        var (q, k, v) = Attended(torch.float32);
        TorchExpect.Values(
            l2c_scaled_dot_product_attention(q, k, v, null, 0, false)[0, 1], 1e-5,
            0.6480228, 0.6896895, 0.7313561, 0.7730229, 0.7268281, 0.7684947, 0.8101614, 0.8518281, 0.602282, 0.6439487, 0.6856153, 0.727282);
        double[] causal = [0.5, 0.5416667, 0.5833333, 0.625, 0.6136397, 0.6553063, 0.696973, 0.7386397, 0.602282, 0.6439487, 0.6856153, 0.727282];
        TorchExpect.Values(l2c_scaled_dot_product_attention(q, k, v, null, 0, true)[0, 1], 1e-5, causal);
        var mask = torch.ones([3, 3], dtype: torch.@bool).tril();
        TorchExpect.Values(l2c_scaled_dot_product_attention(q, k, v, mask, 0, false)[0, 1], 1e-5, causal);
    }

    [Fact]
    public void Interpolation()
    {
        // F.interpolate(img, size=(3, 5), mode='bicubic', align_corners=False)[0, 0, 0] and so on
        TorchExpect.Values(l2c_interpolate(image, [3, 5], 2, [], -1, 3, false, false)[0, 0, 0], 1e-5, 0.04438794, 0.111538, 0.200463, 0.2893881, 0.3565381);
        TorchExpect.Values(l2c_interpolate(image, [2, 3], 2, [], -1, 3, false, true)[0, 0, 0], 1e-5, 0.2537039, 0.3847107, 0.5157177);
        TorchExpect.Values(l2c_interpolate(image, [2, 6], 2, [], -1, 3, true, false)[0, 0, 0], 1e-5, 0, 0.0504, 0.1248, 0.1752001, 0.2496001, 0.3);
        TorchExpect.Values(l2c_interpolate(image, [], -1, [1.5, 1.5], 2, 2, false, false)[0, 0, 0], 1e-5, 0, 0.05, 0.1166667, 0.1833333, 0.25, 0.3);
    }

    [Fact]
    public void Grids_and_padding()
    {
        // F.affine_grid([[[.8, .1, 0.], [0, .9, .1]]], [1, 2, 2, 3], align_corners=False); F.grid_sample(img, grid, align_corners=False)
        var grid = l2c_affine_grid(torch.tensor(new[,,] { { { 0.8f, 0.1f, 0f }, { 0f, 0.9f, 0.1f } } }), [1, 2, 2, 3], 4, false);
        TorchExpect.Values(grid[0, 0], 1e-5, -0.5833334, -0.35, -0.05, -0.35, 0.4833333, -0.35);
        TorchExpect.Values(l2c_grid_sample(image, grid, 0, 0, false)[0, 0], 1e-5, 0.3533333, 0.46, 0.5666667, 1.093333, 1.2, 1.306667);
        TorchExpect.Values(l2c_pad(x.unsqueeze(0), [1, 2], 2, 1, 0)[0, 0], 1e-5, -1.636364, -2.0, -1.636364, -1.272727, -0.9090909, -1.272727, -1.636364);
        TorchExpect.Values(l2c_one_hot(labels, 4)[0], 0, 0, 1, 0, 0);
    }

    [Fact]
    public void Gradients_agree_with_differences()
    {
        var (q, k, v) = Attended(torch.float64);
        TorchExpect.Gradients(t => l2c_scaled_dot_product_attention(t[0], t[1], t[2], null, 0, true).pow(2).sum(), q, k, v);
        TorchExpect.Gradients(
            t => l2c_gelu(l2c_layer_norm(l2c_linear(t[0], t[1], t[2]), [2], 1, t[2], null, 1e-5), true).sin().sum(),
            x.to(torch.float64), w.to(torch.float64), torch.tensor([0.1, -0.2]));
        TorchExpect.Gradients(t => l2c_cross_entropy(t[0], labels, null, 1, -100, 0.1), x.to(torch.float64));
        TorchExpect.Gradients(
            t => l2c_conv2d(t[0], t[1], null, [2, 2], 2, [0, 0], 2, [1, 1], 2, 1).pow(2).mean(),
            image.to(torch.float64), ((torch.arange(16f).view(2, 2, 2, 2) - 8) / 7).to(torch.float64));
        TorchExpect.Gradients(t => l2c_interpolate(t[0], [3, 5], 2, [], -1, 3, false, false).pow(2).sum(), image.to(torch.float64));
    }

    private static (torch.Tensor Q, torch.Tensor K, torch.Tensor V) Attended(torch.ScalarType dtype)
    {
        var numbers = torch.arange(24, dtype: dtype).view(1, 2, 3, 4);
        return (numbers.sin(), numbers.cos(), numbers / 24);
    }
}
#endif
