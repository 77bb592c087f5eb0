using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            /// <inheritdoc cref="Modules.SGD"/>
            public static SGD SGD(
                IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false,
                bool maximize = false) => new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);

            /// <inheritdoc cref="Modules.SGD"/>
            public static SGD SGD(
                IEnumerable<(string name, Parameter parameter)> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0,
                bool nesterov = false, bool maximize = false) =>
                new(parameters.Select(entry => entry.parameter), learningRate, momentum, dampening, weight_decay, nesterov, maximize);

            /// <inheritdoc cref="Modules.SGD"/>
            public static SGD SGD(
                IEnumerable<SGD.ParamGroup> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false,
                bool maximize = false) => new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>Gradient descent with momentum, Nesterov's too, and weight decay added to the gradient, as torch.optim.SGD computes it.</summary>
    public class SGD : OptimizerHelper, optim.IMomentum
    {
        public SGD(
            IEnumerable<Parameter> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
            : this([new ParamGroup { Parameters = parameters }], lr, momentum, dampening, weight_decay, nesterov, maximize)
        {
        }

        public SGD(
            IEnumerable<ParamGroup> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
        {
            if (nesterov && (momentum <= 0 || dampening != 0))
            {
                throw new ArgumentException("Nesterov momentum needs a momentum above 0 and no dampening.", nameof(nesterov));
            }
            _defaults = new Options
            {
                LearningRate = lr,
                InitialLearningRate = lr,
                momentum = momentum,
                dampening = dampening,
                weight_decay = weight_decay,
                nesterov = nesterov,
                maximize = maximize,
            };
            foreach (var group in parameters)
            {
                add_param_group(group);
            }
        }

        /// <summary>The momentum, in all groups.</summary>
        public double Momentum
        {
            get => _parameter_groups.Count > 0 ? ((ParamGroup)_parameter_groups[0]).Momentum : ((Options)_defaults).momentum.Value;
            set
            {
                foreach (var group in _parameter_groups.Cast<ParamGroup>())
                {
                    group.Momentum = value;
                }
            }
        }

        public override Tensor step(Func<Tensor> closure = null) => _step<ParamGroup>(Update, closure);

        public override void add_param_group(Modules.ParamGroup param_group)
        {
            var group = (ParamGroup)param_group;
            group.Options ??= new Options();
            var defaults = (Options)_defaults;
            group.Options.momentum ??= defaults.momentum;
            group.Options.dampening ??= defaults.dampening;
            group.Options.weight_decay ??= defaults.weight_decay;
            group.Options.nesterov ??= defaults.nesterov;
            group.Options.maximize ??= defaults.maximize;
            AddGroup(group, parameter => new State(parameter));
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            foreach (var (_, state) in _state)
            {
                ((State)state).Dispose();
            }
            _state.Clear();
        }

        private void Update(ParamGroup group)
        {
            var options = group.Options;
            var (rate, momentum, decay) = (options.LearningRate.Value, options.momentum.Value, options.weight_decay.Value);
            foreach (var parameter in group.Parameters)
            {
                using var scope = NewDisposeScope();
                if (parameter.grad is not { } gradient)
                {
                    continue;
                }
                var direction = options.maximize.Value ? -gradient : gradient;
                if (decay != 0)
                {
                    direction = direction.add(parameter, decay);
                }
                if (momentum != 0)
                {
                    direction = WithMomentum(direction, (State)_state[parameter.Handle], options);
                }
                parameter.add_(direction, -rate);
            }
        }

        private static Tensor WithMomentum(Tensor direction, State state, Options options)
        {
            var momentum = options.momentum.Value;
            if (state.momentum_buffer is null)
            {
                state.momentum_buffer = direction.clone().DetachFromDisposeScope();
            }
            else
            {
                state.momentum_buffer.mul_(momentum);
                state.momentum_buffer.add_(direction, 1 - options.dampening.Value);
            }
            return options.nesterov.Value ? direction.add(state.momentum_buffer, momentum) : state.momentum_buffer;
        }

        /// <summary>Parameters with settings of their own.</summary>
        public class ParamGroup : ParamGroup<Options>, optim.IMomentum
        {
            public ParamGroup()
            {
            }

            public ParamGroup(IEnumerable<Parameter> parameters, Options options)
                : base(parameters, options)
            {
            }

            public ParamGroup(
                IEnumerable<Parameter> parameters, double lr = 0.001, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false,
                bool maximize = false)
                : base(parameters, new Options
                {
                    LearningRate = lr,
                    momentum = momentum,
                    dampening = dampening,
                    weight_decay = weight_decay,
                    nesterov = nesterov,
                    maximize = maximize,
                })
            {
            }

            public double Momentum
            {
                get => Options.momentum.Value;
                set => Options.momentum = value;
            }
        }

        /// <summary>Settings; null takes the optimizer's.</summary>
        public class Options : OptimizerOptions
        {
            public double? momentum;
            public double? dampening;
            public double? weight_decay;
            public bool? nesterov;
            public bool? maximize;

            public override void LoadStateDict(OptimizerOptions source)
            {
                base.LoadStateDict(source);
                var other = (Options)source;
                (momentum, dampening, weight_decay, nesterov, maximize) = (other.momentum, other.dampening, other.weight_decay, other.nesterov, other.maximize);
            }
        }

        /// <summary>The velocity of one parameter, null before the first step.</summary>
        public class State : OptimizerState, IDisposable
        {
            public Tensor momentum_buffer;

            public State(Parameter parameter)
                : base(parameter)
            {
            }

            public override void Initialize(OptimizerOptions options)
            {
                momentum_buffer?.Dispose();
                momentum_buffer = null;
            }

            public override void LoadStateDict(OptimizerState source) => Copy(ref momentum_buffer, ((State)source).momentum_buffer);

            public override void to(Device device) => Move(ref momentum_buffer, device);

            public override bool ApproximatelyEquals(OptimizerState other) => other is State state && Close(momentum_buffer, state.momentum_buffer);

            public void Dispose() => momentum_buffer?.Dispose();
        }
    }
}
