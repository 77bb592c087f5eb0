using System.Runtime.InteropServices;
using TorchSharp;

namespace Llm2Clip.Tests.Engine;

/// <summary>
/// Values of operations, against Debian's PyTorch 1.13 (each expression is what Python ran, with F for torch.nn.functional) or
/// worked by hand. Inputs: x = linspace(-2, 2, 12).view(3, 4); w = (arange(8.).view(2, 4) - 3) / 5; A = [[4,1,0],[1,3,1],[0,1,2]].
/// </summary>
public sealed class TorchOperationTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly torch.Tensor x = torch.linspace(-2, 2, 12).view(3, 4);
    private readonly torch.Tensor w = (torch.arange(8f).view(2, 4) - 3) / 5;
    private readonly torch.Tensor a = torch.tensor(new float[,] { { 4, 1, 0 }, { 1, 3, 1 }, { 0, 1, 2 } });

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Elementwise_operations()
    {
        // x.erf(), F.silu(x)[0], F.softplus(x)[0]
        TorchExpect.Values(x.erf()[0], 1e-6, -0.9953223, -0.9793414, -0.9281248, -0.8014343);
        TorchExpect.Values(x.silu()[0], 1e-6, -0.2384058, -0.2666626, -0.2784609, -0.2610781);
        TorchExpect.Values(x.softplus()[0], 1e-6, 0.126928, 0.177884, 0.2469122, 0.3385346);
        TorchExpect.Values(torch.tensor([0.5f, -1.5f, 2.5f]).round(), 0, 0, -2, 2);
        TorchExpect.Values(torch.tensor([-3f, 0f, 9f]).clamp(-1, 4), 0, -1, 0, 4);
        TorchExpect.Values(torch.tensor([-3f, 0f, 9f]).clamp_min(-1), 0, -1, 0, 9);
    }

    [Fact]
    public void Arithmetic_with_numbers_keeps_torchs_dtypes()
    {
        var integers = torch.arange(1, 4);
        Assert.Equal(torch.int64, integers.dtype);
        Assert.Equal(torch.int64, (integers * 2).dtype);
        Assert.Equal(torch.float32, (integers * 0.5).dtype);
        TorchExpect.Values(2 / integers, 1e-6, 2, 1, 2.0 / 3);
        TorchExpect.Values(10 - integers, 0, 9, 8, 7);
        TorchExpect.Values(-integers % 2, 0, 1, 0, 1);
        TorchExpect.Values(torch.tensor(7f).div(torch.tensor(2f), torch.RoundingMode.floor), 0, 3);
        Assert.Equal(torch.bfloat16, (torch.ones(2, dtype: torch.bfloat16) * 1.5f).dtype);
    }

    [Fact]
    public void Operations_in_place_change_and_return_the_tensor()
    {
        var t = torch.ones(3);
        Assert.Same(t, t.add_(1).mul_(3).sub_(torch.tensor([0f, 1f, 2f])));
        TorchExpect.Values(t, 0, 6, 5, 4);
    }

    [Fact]
    public void Reductions()
    {
        TorchExpect.Values(x.logsumexp(1), 1e-5, 0.01289552, 1.467441, 2.921986);
        TorchExpect.Values(x.var(1), 1e-6, 0.2203857, 0.2203856, 0.2203857);
        TorchExpect.Values(x.std(), 1e-5, 1.31111);
        TorchExpect.Values(x.norm(3f), 1e-5, 3.13209);
        TorchExpect.Values(x.quantile(torch.tensor([0.1f, 0.6f]), 1), 1e-5, -1.890909, -0.4363636, 1.018182, -1.345454, 0.1090909, 1.563636);
        TorchExpect.Values(torch.arange(6).view(2, 3).sum(1), 0, 3, 12);
        TorchExpect.Values(torch.arange(6f).view(2, 3).mean([0], true), 0, 1.5, 2.5, 3.5);
        TorchExpect.Values(torch.tensor([1, 5, 3]).cumsum(0), 0, 1, 6, 9);
        Assert.Equal(1, torch.tensor([1, 5, 3]).argmax().item<long>());
        Assert.True(torch.tensor([false, true]).any().item<bool>());
        Assert.False(torch.tensor([false, true]).all().ToBoolean());
    }

    [Fact]
    public void Sorting()
    {
        var t = torch.tensor(new float[,] { { 3, 1, 2 }, { 4, 6, 5 } });
        var (values, indices) = t.topk(2);
        TorchExpect.Values(values, 0, 3, 2, 6, 5);
        TorchExpect.Values(indices, 0, 0, 2, 1, 2);
        var (sorted, order) = t.sort(1, descending: true);
        TorchExpect.Values(sorted, 0, 3, 2, 1, 6, 5, 4);
        TorchExpect.Values(order, 0, 0, 2, 1, 1, 2, 0);
        TorchExpect.Values(t.argsort(1), 0, 1, 2, 0, 0, 2, 1);
        var (max, at) = t.max(1);
        TorchExpect.Values(max, 0, 3, 6);
        TorchExpect.Values(at, 0, 0, 1);
    }

    [Fact]
    public void Products()
    {
        // torch.einsum('ij,kj->ik', x, w)
        double[] expected = [2.109091, -2.545455, 0.3636363, 0.3636363, -1.381818, 3.272727];
        TorchExpect.Values(torch.einsum("ij,kj->ik", x, w), 1e-5, expected);
        TorchExpect.Values(x.matmul(w.t()), 1e-5, expected);
        TorchExpect.Values(torch.zeros(3, 2).addmm(x, w.T, 0, 1), 1e-5, expected);
        TorchExpect.Values(torch.bmm(x.unsqueeze(0), w.t().unsqueeze(0)), 1e-5, expected);
    }

    [Fact]
    public void Linear_algebra()
    {
        TorchExpect.Values(torch.linalg.eigvalsh(a), 1e-5, 1.267949, 3.0, 4.732051);
        TorchExpect.Values(torch.linalg.svdvals(x), 1e-4, 4.114076, 1.408357, 0);
        TorchExpect.Values(torch.linalg.cholesky(a), 1e-5, 2, 0, 0, 0.5, 1.658312, 0, 0, 0.6030227, 1.279204);
        TorchExpect.Values(torch.linalg.solve(a, torch.tensor([1f, 2f, 3f])), 1e-5, 0.2222222, 0.111111, 1.444445);
        var (q, r) = torch.linalg.qr(a);
        Assert.True(q.matmul(r).allclose(a, atol: 1e-5));
        var (u, s, vh) = torch.linalg.svd(x, fullMatrices: false);
        Assert.True((u * s).matmul(vh).allclose(x, atol: 1e-5));
    }

    [Fact]
    public void Shapes()
    {
        var t = torch.arange(24).view(2, 3, 4);
        Assert.Equal([4L, 2L, 3L], t.permute(2, 0, 1).shape);
        Assert.Equal([2L, 12L], t.flatten(1).shape);
        Assert.Equal([2L, 3L, 2L, 2L], t.unflatten(2, 2, 2).shape);
        Assert.Equal([2L, 1L, 3L, 4L], t.unsqueeze(1).shape);
        Assert.Equal([5L, 4L], torch.cat([t[0], t[1, ..2]]).shape);
        Assert.Equal([3L, 3L, 4L], torch.stack([t[0], t[1], t[0]]).shape);
        Assert.Equal([1L, 2L], t.split([1, 2], 1).Select(part => part.size(1)));
        TorchExpect.Values(torch.arange(4).flip(0), 0, 3, 2, 1, 0);
        TorchExpect.Values(torch.arange(4).roll(1, 0), 0, 3, 0, 1, 2);
        TorchExpect.Values(torch.tensor([1f, 2f]).expand(2, -1), 0, 1, 2, 1, 2);
        TorchExpect.Values(torch.tensor([1, 2]).repeat(2, 1), 0, 1, 2, 1, 2);
    }

    [Fact]
    public void Indexing_reads_and_writes()
    {
        var t = torch.arange(12f).view(3, 4);
        Assert.Equal(6, t[1, 2].item<float>());
        TorchExpect.Values(t[torch.TensorIndex.Ellipsis, torch.TensorIndex.Slice(1, null, 2)], 0, 1, 3, 5, 7, 9, 11);
        TorchExpect.Values(t[1.., ^1], 0, 7, 11);
        TorchExpect.Values(t[torch.TensorIndex.Tensor(torch.tensor([2L, 0L])), torch.TensorIndex.Single(1)], 0, 9, 1);
        TorchExpect.Values(t[t > 8.5], 0, 9, 10, 11);
        t[0] = torch.zeros(4);
        t.index_put_(-1, torch.TensorIndex.Colon, torch.TensorIndex.Slice(0, 1));
        TorchExpect.Values(t, 0, -1, 0, 0, 0, -1, 5, 6, 7, -1, 9, 10, 11);
        var sums = torch.zeros(3).index_put_(torch.ones(4), [torch.tensor([0L, 2L, 2L, 2L])], accumulate: true);
        TorchExpect.Values(sums, 0, 1, 0, 3);
        TorchExpect.Values(torch.zeros(3).index_add_(0, torch.tensor([1L, 1L]), torch.tensor([2f, 3f]), 2), 0, 0, 10, 0);
        TorchExpect.Values(torch.arange(6).view(2, 3).gather(1, torch.tensor(new long[,] { { 2 }, { 0 } })), 0, 2, 3);
        TorchExpect.Values(torch.zeros(2, 3).scatter_(1, torch.tensor(new long[,] { { 2 }, { 0 } }), torch.ones(2, 1)), 0, 0, 0, 1, 1, 0, 0);
    }

    [Fact]
    public void Comparison_and_choice()
    {
        var t = torch.tensor([1f, float.NaN, 3f]);
        TorchExpect.Values(t.isnan(), 0, 0, 1, 0);
        TorchExpect.Values(torch.where(t > 2, t, torch.zeros_like(t)), 0, 0, 0, 3);
        TorchExpect.Values(t.masked_fill(t.isnan(), 5), 0, 1, 5, 3);
        TorchExpect.Values(t.nan_to_num(7), 0, 1, 7, 3);
        TorchExpect.Values(2 < torch.tensor([1, 2, 3]), 0, 0, 0, 1);
        Assert.True(torch.tensor([1f, 2f]).Equals(torch.tensor([1f, 2f])));
        Assert.False(torch.tensor([1f, 2f]).Equals(torch.tensor([1f, 3f])));
    }

    [Fact]
    public void Data_goes_in_and_out()
    {
        Assert.Equal([1.5f, -2f], torch.tensor([1.5f, -2f]).data<float>().ToArray());
        Assert.Equal([1, 3, 2, 4], torch.tensor(new[,] { { 1, 2 }, { 3, 4 } }).t().data<int>().ToArray());
        Assert.Equal(3, torch.tensor(new[,] { { 1, 2 }, { 3, 4 } }).t().data<int>()[0, 1]);
        Assert.Equal([1, 0], torch.tensor([true, false]).bytes.ToArray());
        var t = torch.zeros(2);
        t.bytes = MemoryMarshal.AsBytes(new[] { 3f, 4f }.AsSpan());
        TorchExpect.Values(t, 0, 3, 4);
        Assert.Equal(6, torch.from_array(new byte[,,] { { { 1, 2, 3 } }, { { 4, 5, 6 } } })[1, 0, 2].item<byte>());
        Assert.Throws<ArgumentException>(() => t.item<float>());
        Assert.Throws<ArgumentException>(() => t.data<int>());
        Assert.Throws<ArgumentException>(() => torch.tensor(1L).item<int>());
    }

    [Fact]
    public void Bfloat16_rounds_to_even()
    {
        // torch.tensor([1.00390625, 3.1415927, -2.7182817]).bfloat16().float()
        float[] values = [1.00390625f, 3.1415927f, -2.7182817f];
        TorchExpect.Values(torch.tensor(values).to(torch.bfloat16), 0, 1.0, 3.140625, -2.71875);
        Assert.Equal([1f, 3.140625f, -2.71875f], values.Select(value => new BFloat16(value).ToSingle()));
        Assert.Equal(new BFloat16(3.1415927f), torch.tensor(values, dtype: torch.bfloat16).data<BFloat16>()[1]);
    }

    [Fact]
    public void Set_shares_the_storage()
    {
        var flat = torch.zeros(6);
        var parameter = torch.ones(2, 2);
        parameter.set_(flat.narrow(0, 1, 4).view(2, 2));
        parameter.fill_(2);
        TorchExpect.Values(flat, 0, 0, 2, 2, 2, 2, 0);
    }
}
