using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static Llm2Clip.Tests.Engine.ReferenceNumbers;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Engine;

/// <summary>Registration, names, state dictionaries, moves, modes and lifetimes of modules.</summary>
public class ModuleTests
{
    [Fact]
    public void NamesAreThePublishedOnesInOrder()
    {
        using var model = new Model();
        Assert.Equal(
            ["logit_scale", "vision.0.weight", "vision.0.bias", "vision.1.weight", "vision.1.bias", "blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias"],
            model.named_parameters().Select(each => each.name));
        Assert.Equal([.. model.named_parameters().Select(each => each.name).Append("position_ids").Order()], model.state_dict().Keys.Order());
        Assert.Equal(["vision", "blocks"], model.named_children().Select(each => each.name));
        Assert.Equal(["vision", "blocks", "vision.0", "vision.1", "blocks.0", "blocks.1"], model.named_modules().Select(each => each.name));
        Assert.Equal(["position_ids"], model.named_buffers(include_nonpersistent: false).Select(each => each.name));
        Assert.Same(model.Blocks[1].bias, model.get_parameter("blocks.1.bias"));
        Assert.Null(model.get_parameter("blocks.2.bias"));
        Assert.True(model.has_buffer("position_ids"));
    }

    [Fact]
    public void BuffersStandWhereTorchHasThem()
    {
        OwnBinding.Require("TorchSharp lists buffers behind all parameters, and unsaved ones not at all; files of weights have an order of their own.");
        using var model = new Model();
        Assert.Equal(["logit_scale", "position_ids", "vision.0.weight"], model.state_dict().Keys.Take(3));
        Assert.Equal(["position_ids", "scratch"], model.named_buffers().Select(each => each.name).Order());
    }

    [Fact]
    public void StateGoesOver()
    {
        using var scope = NewDisposeScope();
        using var one = new Model();
        using var other = new Model();
        Assert.False(one.Blocks[0].weight.Equals(other.Blocks[0].weight));

        other.load_state_dict(one.state_dict());

        foreach (var (name, value) in one.state_dict())
        {
            AssertClose(value, other.state_dict()[name], 0, name);
        }
        Assert.All(other.parameters(), each => Assert.True(each.is_leaf && each.requires_grad));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("unexpected")]
    [InlineData("misshapen")]
    public void StateThatDoesNotFitIsRefused(string fault)
    {
        OwnBinding.Require("TorchSharp names neither the tensor nor the fault; weights are loaded by StrictWeights, which does.");
        using var scope = NewDisposeScope();
        using var model = new Model();
        var state = model.state_dict().ToDictionary(each => each.Key, each => each.Value.detach().clone() + 1);
        var before = model.LogitScale.ToDouble();
        switch (fault)
        {
            case "missing":
                state.Remove("blocks.1.bias");
                break;
            case "unexpected":
                state["blocks.2.bias"] = ones(3);
                break;
            default:
                state["blocks.1.bias"] = ones(7);
                break;
        }

        var error = Assert.Throws<InvalidOperationException>(() => model.load_state_dict(state));

        Assert.Contains(fault == "unexpected" ? "blocks.2.bias" : "blocks.1.bias", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, model.LogitScale.ToDouble());
    }

    [Fact]
    public void LooseLoadingTellsWhatDidNotFit()
    {
        using var scope = NewDisposeScope();
        using var model = new Model();
        var (missing, unexpected) = model.load_state_dict(new() { ["logit_scale"] = tensor(9f), ["stranger"] = ones(1) }, strict: false, skip: ["position_ids"]);
        Assert.Equal(9, model.LogitScale.ToDouble());
        Assert.Equal(["stranger"], unexpected);
        Assert.Equal(8, missing.Count);
        Assert.DoesNotContain("position_ids", missing);
    }

    [Fact]
    public void ConversionKeepsFieldsNamesAndGradients()
    {
        using var scope = NewDisposeScope();
        using var model = new Model();
        var names = model.state_dict().Keys.ToList();
        model.call(randn(2, 3)).sum().backward();
        var gradient = model.LogitScale.grad!.ToDouble();

        model.to(ScalarType.Float64);

        Assert.Equal(names, model.state_dict().Keys);
        Assert.Same(model.LogitScale, model.get_parameter("logit_scale"));
        Assert.Equal(ScalarType.Float64, model.LogitScale.dtype);
        Assert.Equal(ScalarType.Int64, model.get_buffer("position_ids")!.dtype);
        Assert.All(model.parameters(), each => Assert.True(each.dtype == ScalarType.Float64 && each.is_leaf && each.requires_grad));
        Assert.Equal(gradient, model.LogitScale.grad!.ToDouble());
        Assert.Equal(ScalarType.Float64, model.call(randn([2, 3], dtype: ScalarType.Float64)).dtype);
    }

    [Fact]
    public void FrozenParametersStayFrozenThroughConversion()
    {
        using var model = new Model();
        model.LogitScale.requires_grad = false;
        model.to(ScalarType.Float64);
        Assert.False(model.LogitScale.requires_grad);
    }

    [Fact]
    public void ModeReachesTheWholeTree()
    {
        using var model = new Model();
        Assert.True(model.training);
        model.eval();
        Assert.False(model.training);
        Assert.All(model.modules(), each => Assert.False(each.training));
        model.train();
        Assert.All(model.modules(), each => Assert.True(each.training));
    }

    [Fact]
    public void GradientsAreForgottenOrZeroed()
    {
        using var scope = NewDisposeScope();
        using var model = new Model();
        model.call(randn(2, 3)).sum().backward();
        model.zero_grad(set_to_none: false);
        Assert.Equal(0, model.LogitScale.grad!.ToDouble());
        model.zero_grad();
        Assert.All(model.parameters(), each => Assert.Null(each.grad));
    }

    [Fact]
    public void ModulesOutliveTheScopeTheyWereMadeIn()
    {
        OwnBinding.Require("TorchSharp leaves parameters and buffers to the scope; ours take their weights out of it (OwnedWeights) and have no buffers.");
        Model model;
        using (NewDisposeScope())
        {
            model = new Model();
        }
        using (model)
        {
            using var scope = NewDisposeScope();
            Assert.Equal([2, 3], model.call(randn(2, 3)).shape);
        }
        Assert.All(model.parameters(), each => Assert.True(each.IsInvalid));
    }

    [Fact]
    public void HooksSeeAndChangeCalls()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Identity();
        var before = layer.register_forward_pre_hook((_, input) => input + 1);
        var after = layer.register_forward_hook((_, _, output) => output * 2);
        Assert.Equal(4, layer.call(tensor(1f)).ToDouble());
        before.remove();
        Assert.Equal(2, layer.call(tensor(1f)).ToDouble());
        after.remove();
        Assert.Equal(1, layer.call(tensor(1f)).ToDouble());
    }

    [Fact]
    public void NamesAreTakenOnce()
    {
        using var model = new Model();
        Assert.Throws<InvalidOperationException>(() => model.register_module("vision", nn.Identity()));
        Assert.Throws<ArgumentException>(() => model.register_module("a.b", nn.Identity()));
    }

    [Fact]
    public void ReadyLayersTakeNoModules()
    {
        OwnBinding.Require("TorchSharp's layers take modules and never call them; none of ours is given any.");
        Assert.Throws<InvalidOperationException>(() => nn.GELU().register_module("a", nn.Identity()));
    }

    [Fact]
    public void ListRenumbersAfterRemoval()
    {
        OwnBinding.Require("A ModuleList of TorchSharp registers its modules where another module takes it in; none of ours changes after that.");
        using var list = nn.ModuleList(nn.Linear(1, 1), nn.Linear(2, 2), nn.Linear(3, 3));
        list.RemoveAt(1);
        Assert.Equal(["0.weight", "0.bias", "1.weight", "1.bias"], list.state_dict().Keys);
        Assert.Equal(3, list[1].in_features);
    }

    private sealed class Model : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "logit_scale")]
        private Parameter _logitScale = nn.Parameter(tensor(2.5f));

        [ComponentName(Name = "vision")]
        private readonly Sequential _vision = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 3));

        [ComponentName(Name = "blocks")]
        private readonly ModuleList<Linear> _blocks = nn.ModuleList(nn.Linear(3, 3), nn.Linear(3, 3));

        [ComponentName(Name = "position_ids")]
        private Tensor _positions = arange(4, dtype: ScalarType.Int64);

        internal Model()
            : base(nameof(Model))
        {
            register_buffer("scratch", zeros(2), persistent: false);
            RegisterComponents();
        }

        internal Parameter LogitScale => _logitScale;

        internal ModuleList<Linear> Blocks => _blocks;

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = _vision.call(input);
            foreach (var block in _blocks)
            {
                x = block.call(x) + _positions.sum();
            }
            return (x * _logitScale).MoveToOuterDisposeScope();
        }
    }
}
