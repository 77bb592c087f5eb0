using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>Settings of a group of parameters; null takes the optimizer's own.</summary>
public class OptimizerOptions
{
    public double? LearningRate { get; set; }

    public double InitialLearningRate { get; set; }

    /// <summary>Takes over the values of options of the same kind.</summary>
    public virtual void LoadStateDict(OptimizerOptions source)
    {
        InitialLearningRate = source.InitialLearningRate;
        LearningRate = source.LearningRate;
    }
}

/// <summary>What an optimizer remembers of one parameter.</summary>
public abstract class OptimizerState
{
    protected internal Parameter _parameter;

    protected OptimizerState(Parameter parameter) => _parameter = parameter;

    /// <summary>Sets up the state for the first step.</summary>
    public abstract void Initialize(OptimizerOptions options);

    /// <summary>Takes over the values of a state of the same kind.</summary>
    public abstract void LoadStateDict(OptimizerState source);

    public virtual void to(Device device)
    {
    }

    /// <summary>True where all values agree within rounding.</summary>
    public virtual bool ApproximatelyEquals(OptimizerState other) => false;

    /// <summary>Puts a moved copy of a state tensor in its place.</summary>
    private protected static void Move(ref Tensor tensor, Device device)
    {
        if (tensor is null || (tensor.device_type == device.type && tensor.device_index == device.index))
        {
            return;
        }
        var old = tensor;
        tensor = old.to(device).DetachFromDisposeScope();
        old.Dispose();
    }

    /// <summary>Puts a copy of another tensor in the place of a state tensor.</summary>
    private protected static void Copy(ref Tensor tensor, Tensor source)
    {
        var old = tensor;
        using var untracked = no_grad();
        tensor = source?.clone().DetachFromDisposeScope();
        old?.Dispose();
    }

    private protected static bool Close(Tensor one, Tensor other)
    {
        if (one is null || other is null)
        {
            return one is null && other is null;
        }
        using var scope = NewDisposeScope();
        return one.allclose(other);
    }
}

/// <summary>Parameters that share settings.</summary>
public class ParamGroup : optim.ILearningRateController
{
    public IEnumerable<Parameter> Parameters { get; set; }

    public OptimizerOptions Options { get; set; }

    public double LearningRate
    {
        get => Options.LearningRate.Value;
        set => Options.LearningRate = value;
    }

    public double InitialLearningRate
    {
        get => Options.InitialLearningRate;
        set => Options.InitialLearningRate = value;
    }
}

/// <summary>A group with the settings of one optimizer.</summary>
public class ParamGroup<TOptions> : ParamGroup
    where TOptions : OptimizerOptions
{
    public ParamGroup()
    {
    }

    public ParamGroup(IEnumerable<Parameter> parameters, TOptions options = null)
    {
        base.Parameters = parameters;
        base.Options = options;
    }

    public new TOptions Options
    {
        get => (TOptions)base.Options;
        set => base.Options = value;
    }
}

/// <summary>The common part of optimizers: groups, state and state dictionaries.</summary>
public abstract class OptimizerHelper : optim.Optimizer
{
    protected OptimizerOptions _defaults;
    protected Utils.OrderedDict<IntPtr, OptimizerState> _state = new();

    public OptimizerHelper()
    {
    }

    public override void zero_grad() => base.zero_grad();

    public override IEnumerable<Parameter> parameters() => base.parameters();

    public override void add_param_group(ParamGroup param_group) => base.add_param_group(param_group);

    /// <summary>Moves the state.</summary>
    public void to(Device device)
    {
        foreach (var (_, state) in _state)
        {
            state.to(device);
        }
    }

    /// <summary>Options and state, not copied.</summary>
    public virtual StateDictionary state_dict()
    {
        var dictionary = new StateDictionary();
        foreach (var group in _parameter_groups)
        {
            dictionary.Options.Add(group.Options);
            var references = new List<int>();
            foreach (var parameter in group.Parameters)
            {
                references.Add(dictionary.State.Count);
                dictionary.State.Add(_state[parameter.Handle]);
            }
            dictionary.StateIndexRef.Add(references);
        }
        return dictionary;
    }

    /// <summary>Copies options and state of an optimizer of the same kind over the same parameters.</summary>
    public virtual void load_state_dict(StateDictionary state_dict)
    {
        var own = this.state_dict();
        var sameGroups = own.StateIndexRef.Count == state_dict.StateIndexRef.Count
            && own.StateIndexRef.Zip(state_dict.StateIndexRef).All(pair => pair.First.Count == pair.Second.Count);
        if (!sameGroups)
        {
            throw new ArgumentException("The state belongs to an optimizer with other parameter groups.", nameof(state_dict));
        }
        foreach (var (mine, theirs) in own.Options.Zip(state_dict.Options))
        {
            mine.LoadStateDict(theirs);
        }
        foreach (var (mine, theirs) in own.StateIndexRef.SelectMany(each => each).Zip(state_dict.StateIndexRef.SelectMany(each => each)))
        {
            if (!ReferenceEquals(own.State[mine], state_dict.State[theirs]))
            {
                own.State[mine].LoadStateDict(state_dict.State[theirs]);
            }
        }
    }

    /// <summary>Runs the closure with gradients, then <paramref name="body"/> without, on every group.</summary>
    protected Tensor _step<T>(Action<T> body, Func<Tensor> loss_closure = null)
        where T : ParamGroup
    {
        Tensor loss;
        using (enable_grad())
        {
            loss = loss_closure?.Invoke();
        }
        using var untracked = no_grad();
        foreach (var group in _parameter_groups)
        {
            using var scope = NewDisposeScope();
            body((T)group);
        }
        return loss;
    }

    /// <summary>Adds a group with a fresh state for each parameter.</summary>
    private protected void AddGroup(ParamGroup group, Func<Parameter, OptimizerState> newState)
    {
        group.Options.LearningRate ??= _defaults.LearningRate;
        group.Options.InitialLearningRate = group.Options.LearningRate.Value;
        group.Parameters = group.Parameters.ToList();
        _parameter_groups.Add(group);
        foreach (var parameter in group.Parameters)
        {
            var state = newState(parameter);
            state.Initialize(group.Options);
            _state[parameter.Handle] = state;
        }
    }
}
