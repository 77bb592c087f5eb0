using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static Llm2Clip.Tests.Engine.ReferenceNumbers;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Engine;

/// <summary>Three steps of each optimizer, and gradient clipping, against PyTorch (<c>Reference/make_layers.py</c>).</summary>
public class OptimizerTests
{
    private const double Tolerance = 2e-6;

    public static TheoryData<string> Cases => Names("optimizers");

    [Theory]
    [MemberData(nameof(Cases))]
    public void StepsAreTorchs(string name)
    {
        using var scope = NewDisposeScope();
        var reference = Section("optimizers").GetProperty(name);
        var parameters = Read(reference.GetProperty("start")).Select(each => new Parameter(each)).ToList();
        using var optimizer = Make(reference, parameters);

        foreach (var step in reference.GetProperty("steps").EnumerateArray())
        {
            SetGradients(parameters, step.GetProperty("gradients"));
            optimizer.step();
            foreach (var (parameter, expected) in parameters.Zip(Read(step.GetProperty("parameters"))))
            {
                AssertClose(expected, parameter, Tolerance, name);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void StateGoesOverToAnotherOptimizer(string name)
    {
        if (name == "sgd")
        {
            OwnBinding.Require("TorchSharp's SGD without momentum fails on its own state; the trainers have an optimizer of their own.");
        }
        using var scope = NewDisposeScope();
        var reference = Section("optimizers").GetProperty(name);
        var steps = reference.GetProperty("steps").EnumerateArray().ToList();
        var first = Read(reference.GetProperty("start")).Select(each => new Parameter(each)).ToList();
        using var before = Make(reference, first);
        SetGradients(first, steps[0].GetProperty("gradients"));
        before.step();
        var second = first.ConvertAll(each => new Parameter(each.detach().clone()));
        using var after = Make(reference, second);

        after.load_state_dict(before.state_dict());
        before.Dispose();
        foreach (var step in steps.Skip(1))
        {
            SetGradients(second, step.GetProperty("gradients"));
            after.step();
        }

        foreach (var (parameter, expected) in second.Zip(Read(steps[^1].GetProperty("parameters"))))
        {
            AssertClose(expected, parameter, Tolerance, name);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void ClippingIsTorchs(int index)
    {
        using var scope = NewDisposeScope();
        var reference = Section("clipping")[index];
        var parameters = Read(reference.GetProperty("clipped")).Select(each => new Parameter(zeros_like(each))).ToList();
        parameters.Add(new Parameter(ones(2))); // no gradient: does not count
        SetGradients(parameters, reference.GetProperty("gradients"));

        var norm = nn.utils.clip_grad_norm_(parameters, reference.GetProperty("max").GetDouble());

        Assert.Equal(reference.GetProperty("norm").GetDouble(), norm, 1e-5);
        foreach (var (parameter, expected) in parameters.Zip(Read(reference.GetProperty("clipped"))))
        {
            AssertClose(expected, parameter.grad!, Tolerance, "clipped gradient");
        }
    }

    [Fact]
    public void GroupsHaveTheirOwnRates()
    {
        using var scope = NewDisposeScope();
        var (fast, slow) = (new Parameter(ones(2)), new Parameter(ones(2)));
        using var optimizer = optim.SGD([new SGD.ParamGroup([fast], lr: 0.5), new SGD.ParamGroup([slow], lr: 0.25)], 1.0);
        fast.grad = ones(2);
        slow.grad = ones(2);

        optimizer.step();

        Assert.Equal([0.5, 0.25], optimizer.ParamGroups.Select(each => each.LearningRate));
        AssertClose(full(2, 0.5f), fast, 0, "fast");
        AssertClose(full(2, 0.75f), slow, 0, "slow");
    }

    [Fact]
    public void GradientsAreForgotten()
    {
        OwnBinding.Require("TorchSharp's zero_grad of an optimizer fills gradients with zeros; the trainers keep theirs in a flat buffer.");
        using var scope = NewDisposeScope();
        var parameter = new Parameter(ones(2)) { grad = ones(2) };
        using var optimizer = optim.SGD([parameter], 1.0);
        optimizer.zero_grad();
        Assert.Null(parameter.grad);
    }

    /// <summary>Every tensor of a training step but the parameters, their gradients and the optimizer's state is gone after it.</summary>
    [Fact]
    public void StepsLeaveNoTensorsBehind()
    {
        using var outer = NewDisposeScope();
        using var model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Dropout(0.1), nn.LayerNorm(8), nn.Linear(8, 2));
        using var optimizer = optim.AdamW(model.parameters(), weight_decay: 0.1);
        var input = randn(5, 4);
        long StepAndCount()
        {
            using (NewDisposeScope())
            {
                optimizer.zero_grad();
                model.call(input).square().sum().backward();
                nn.utils.clip_grad_norm_(model.parameters(), 0.5);
                optimizer.step();
            }
            return DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        }

        var first = StepAndCount();
        Assert.Equal([first, first, first], [StepAndCount(), StepAndCount(), StepAndCount()]);
    }

    private static OptimizerHelper Make(JsonElement reference, IReadOnlyList<Parameter> parameters)
    {
        var args = reference.GetProperty("args");
        double Number(string key) => args.TryGetProperty(key, out var value) ? value.GetDouble() : 0;
        bool Flag(string key) => args.TryGetProperty(key, out var value) && value.GetBoolean();
        if (reference.GetProperty("kind").GetString() == "SGD")
        {
            return optim.SGD(parameters, Number("lr"), Number("momentum"), Number("dampening"), Number("weight_decay"), Flag("nesterov"));
        }
        var betas = args.GetProperty("betas");
        return optim.AdamW(
            parameters, Number("lr"), betas[0].GetDouble(), betas[1].GetDouble(), Number("eps"), Number("weight_decay"), Flag("amsgrad"));
    }

    private static void SetGradients(IReadOnlyList<Parameter> parameters, JsonElement gradients)
    {
        foreach (var (parameter, gradient) in parameters.Zip(Read(gradients)))
        {
            parameter.grad = gradient;
        }
    }

    private static IEnumerable<Tensor> Read(JsonElement list) => list.EnumerateArray().Select(each => ReadTensor(each));
}
