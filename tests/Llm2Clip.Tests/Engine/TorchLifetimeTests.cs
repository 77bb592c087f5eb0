#if !ENGINE_NUGET
using System.Runtime.InteropServices;
using TorchSharp;
using NativeMemory = Llm2Clip.Engine.Torch.NativeMemory;

namespace Llm2Clip.Tests.Engine;

/// <summary>Who owns tensors, what errors become, and that loops do not leak.</summary>
[Collection("Live tensors")]
public sealed class TorchLifetimeTests
{
    /// <summary>.NET makes this exception of a segmentation fault; a library that libtorch loads must not take the signal away.</summary>
    [Fact]
    public void A_null_reference_stays_an_exception_once_libtorch_is_loaded()
    {
        using var loaded = torch.ones(1);
        string? nothing = null;
        Assert.Throws<NullReferenceException>(() => nothing!.Length);
    }

    [Fact]
    public void A_scope_disposes_what_it_owns()
    {
        torch.Tensor inside, moved, detached;
        using (var outer = torch.NewDisposeScope())
        {
            using (var scope = torch.NewDisposeScope())
            {
                Assert.Same(scope, torch.CurrentDisposeScope);
                inside = torch.ones(1);
                moved = torch.ones(1).MoveToOuterDisposeScope();
                detached = torch.ones(1).DetachFromDisposeScope();
                Assert.Equal(1, scope.DisposablesCount);
                Assert.True(outer.Contains(moved));
            }
            Assert.True(inside.IsInvalid);
            Assert.False(moved.IsInvalid);
            Assert.Equal([moved], outer.DisposablesView);
        }
        Assert.True(moved.IsInvalid);
        Assert.False(detached.IsInvalid);
        detached.Dispose();
        detached.Dispose();
        Assert.Throws<InvalidOperationException>(() => detached.numel());
        Assert.Null(torch.CurrentDisposeScope);
    }

    [Fact]
    public void Tensors_move_between_scopes_and_survive_what_they_are_kept_from()
    {
        using var outer = torch.NewDisposeScope();
        var target = torch.ones(1);
        using (var scope = torch.NewDisposeScope())
        {
            var (a, b, c) = (torch.ones(1), torch.ones(1), torch.ones(1));
            scope.DisposeEverythingBut(b);
            Assert.True(a.IsInvalid && c.IsInvalid && !b.IsInvalid);
            b.MoveToOtherDisposeScope(target);
            Assert.True(outer.Contains(b));
            Assert.Equal(0, scope.DisposablesCount);
            scope.Attach(b);
            Assert.False(outer.Contains(b));
        }
        Assert.Equal([target], outer.DisposablesView);
    }

    [Fact]
    public void A_scope_disposes_a_module_whose_tensors_it_holds_too()
    {
        torch.Tensor tensor;
        using (var scope = torch.NewDisposeScope())
        {
            var owner = new Owner();
            scope.Attach(owner);
            tensor = owner.Held = torch.ones(1);
            torch.ones(1);
        }
        Assert.True(tensor.IsInvalid);
    }

    private sealed class Owner : IDisposable
    {
        public torch.Tensor? Held { get; set; }

        public void Dispose() => Held?.Dispose();
    }

    [Fact]
    public void Statistics_count()
    {
        var statistics = DisposeScopeManager.Statistics;
        statistics.Reset();
        using (torch.NewDisposeScope())
        {
            torch.ones(1);
            torch.ones(1).DetachFromDisposeScope().Dispose();
            torch.ones(1).Dispose();
        }
        torch.ones(1).Dispose();
        Assert.Equal((3, 1, 1, 3, 1), (
            statistics.CreatedInScopeCount, statistics.CreatedOutsideScopeCount, statistics.DisposedInScopeCount,
            statistics.DisposedOutsideScopeCount, statistics.DetachedFromScopeCount));
        Assert.Equal(0, statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_scope_around_a_long_loop_does_not_grow()
    {
        using var scope = torch.NewDisposeScope();
        var kept = torch.ones(1);
        for (var i = 0; i < 5000; i++)
        {
            var (first, second) = (torch.ones(1), torch.ones(1));
            first.Dispose();
            second.Dispose();
        }
        Assert.Equal([kept], scope.DisposablesView);
    }

    [Fact]
    public void Native_errors_become_exceptions_with_torchs_text()
    {
        using var scope = torch.NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => torch.ones(3, 4).matmul(torch.ones(3, 4)));
        Assert.Equal("mat1 and mat2 shapes cannot be multiplied (3x4 and 3x4)", error.Message);
        Assert.Throws<ExternalException>(() => torch.ones(2).add_(torch.ones(3)));
        Assert.Throws<ExternalException>(() => torch.ones(2).topk(5));
        Assert.Throws<ExternalException>(() => torch.ones(2).matmul(null));
        Assert.Throws<ExternalException>(() => torch.cat([torch.ones(2), null]));
        Assert.Throws<ExternalException>(() => torch.ones(4).split([1, 2]));
        Assert.Equal(3f, torch.ones(3).sum().item<float>());
    }

    [Fact]
    public void Live_handles_are_flat_over_a_thousand_steps()
    {
        using var outer = torch.NewDisposeScope();
        var weight = torch.randn([8, 8], requires_grad: true);
        weight.grad = torch.zeros(8, 8);
        long before = 0;
        for (var step = 0; step < 1000; step++)
        {
            using (torch.NewDisposeScope())
            {
                var parts = torch.randn(4, 8).matmul(weight).relu().split(2);
                var (values, _) = torch.cat(parts).topk(2);
                values.sum().backward();
                weight.grad.mul_(0.5);
                try
                {
                    parts[0].matmul(parts[1]);
                }
                catch (ExternalException)
                {
                    // An error leaks nothing either.
                }
            }
            if (step == 10)
            {
                before = NativeMemory.LiveTensors;
            }
        }
        Assert.Equal(before, NativeMemory.LiveTensors);
    }

    [Fact]
    public void Forgotten_tensors_are_freed_by_the_finalizer()
    {
        static void Forget()
        {
            for (var i = 0; i < 100; i++)
            {
                torch.ones(1);
            }
        }
        var before = NativeMemory.LiveTensors;
        Forget();
        Assert.True(NativeMemory.LiveTensors >= before + 100);
        for (var i = 0; i < 20 && NativeMemory.LiveTensors > before + 50; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.True(NativeMemory.LiveTensors <= before + 50);
    }

    [Fact]
    public void Threads_have_their_own_scopes_errors_and_modes()
    {
        using var start = new Barrier(2);
        var failures = new List<Exception>();
        void Work(int number)
        {
            try
            {
                using var scope = torch.NewDisposeScope();
                using var mode = torch.set_grad_enabled(number == 0);
                start.SignalAndWait();
                for (var i = 0; i < 100; i++)
                {
                    using var inner = torch.NewDisposeScope();
                    var rows = 2 + number;
                    var error = Assert.Throws<ExternalException>(() => torch.ones(rows, 7).matmul(torch.ones(rows, 7)));
                    Assert.Equal($"mat1 and mat2 shapes cannot be multiplied ({rows}x7 and {rows}x7)", error.Message);
                    Assert.Equal(number == 0, torch.is_grad_enabled());
                    Assert.Equal(8f * rows, torch.ones(8, rows).sum().item<float>());
                    Assert.Equal(0, scope.DisposablesCount);
                }
            }
            catch (Exception failure)
            {
                lock (failures)
                {
                    failures.Add(failure);
                }
            }
        }
        var threads = new[] { new Thread(() => Work(0)), new Thread(() => Work(1)) };
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Empty(failures);
        Assert.True(torch.is_grad_enabled());
    }
}
#endif
