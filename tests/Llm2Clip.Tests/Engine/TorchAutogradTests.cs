using System.Runtime.InteropServices;
using TorchSharp;

namespace Llm2Clip.Tests.Engine;

/// <summary>Gradients, their modes and accumulation; values worked by hand.</summary>
public sealed class TorchAutogradTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Backward_adds_up()
    {
        var t = torch.tensor([1f, 2f], requires_grad: true);
        Assert.Null(t.grad);
        t.pow(2).sum().backward();
        t.pow(2).sum().backward();
        TorchExpect.Values(t.grad!, 0, 4, 8);
        t.grad = null;
        Assert.Null(t.grad);
    }

    [Fact]
    public void A_preset_view_of_a_flat_buffer_is_added_into()
    {
        var flat = torch.zeros(5);
        var t = torch.tensor([1f, 2f], requires_grad: true);
        t.grad = flat.narrow(0, 3, 2);
        (t * t).sum().backward();
        (t * t).sum().backward();
        TorchExpect.Values(flat, 0, 0, 0, 0, 4, 8);
    }

    [Fact]
    public void Backward_takes_the_gradient_of_the_output()
    {
        var t = torch.tensor([1f, 2f], requires_grad: true);
        (t * 3).backward([torch.tensor([1f, 10f])]);
        TorchExpect.Values(t.grad, 0, 3, 30);
        var output = t * 2;
        Assert.Throws<ExternalException>(output.backward);
    }

    [Fact]
    public void Grad_leaves_the_leaves_alone()
    {
        var t = torch.tensor([2f], requires_grad: true);
        var unused = torch.tensor([1f], requires_grad: true);
        var first = torch.autograd.grad([t.pow(3)], [t], create_graph: true)[0];
        var second = torch.autograd.grad([first], [t])[0];
        TorchExpect.Values(first, 0, 12);
        TorchExpect.Values(second, 0, 12);
        Assert.Null(t.grad);
        Assert.Null(torch.autograd.grad([t * 1], [t, unused], allow_unused: true)[1]);
    }

    [Fact]
    public void Modes_nest()
    {
        var t = torch.ones(1, requires_grad: true);
        using (torch.no_grad())
        {
            Assert.False((t * 2).requires_grad);
            using (torch.enable_grad())
            {
                Assert.True((t * 2).requires_grad);
            }
            Assert.False(torch.is_grad_enabled());
            t.copy_(torch.zeros(1));
        }
        Assert.True(torch.is_grad_enabled());
        Assert.True(t.is_leaf);
        Assert.False(t.detach().requires_grad);
    }

    [Fact]
    public void Bfloat16_products_pass_gradients_in_float32()
    {
        var t = torch.eye(3).mul(2).requires_grad_();
        var y = t.to(torch.bfloat16).matmul(torch.ones([3, 3], dtype: torch.bfloat16)).to(torch.float32).sum();
        y.backward();
        Assert.Equal(torch.float32, t.grad.dtype);
        TorchExpect.Values(t.grad, 0, 3, 3, 3, 3, 3, 3, 3, 3, 3);
    }

    [Fact]
    public void An_in_place_change_of_what_backward_needs_is_an_error()
    {
        var t = torch.ones(2, requires_grad: true);
        var saved = t * 2;
        var y = saved.pow(2).sum();
        saved.add_(1);
        var error = Assert.Throws<ExternalException>(() => y.backward());
        Assert.Contains("modified by an inplace operation", error.Message);
    }
}
