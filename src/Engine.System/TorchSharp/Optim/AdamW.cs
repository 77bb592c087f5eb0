using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            /// <inheritdoc cref="Modules.AdamW"/>
            public static AdamW AdamW(
                IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0,
                bool amsgrad = false, bool maximize = false) => new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            /// <inheritdoc cref="Modules.AdamW"/>
            public static AdamW AdamW(
                IEnumerable<(string name, Parameter parameter)> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8,
                double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters.Select(entry => entry.parameter), lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);

            /// <inheritdoc cref="Modules.AdamW"/>
            public static AdamW AdamW(
                IEnumerable<AdamW.ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0,
                bool amsgrad = false, bool maximize = false) => new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>Adam with decay of the weights apart from the gradient (Loshchilov and Hutter, arXiv:1711.05101), as torch.optim.AdamW computes it.</summary>
    public class AdamW : OptimizerHelper, optim.IBetas
    {
        public AdamW(
            IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0,
            bool amsgrad = false, bool maximize = false)
            : this([new ParamGroup { Parameters = parameters }], lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
        {
        }

        public AdamW(
            IEnumerable<ParamGroup> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0,
            bool amsgrad = false, bool maximize = false)
        {
            _defaults = new Options
            {
                LearningRate = lr,
                InitialLearningRate = lr,
                beta1 = beta1,
                beta2 = beta2,
                eps = eps,
                weight_decay = weight_decay,
                amsgrad = amsgrad,
                maximize = maximize,
            };
            foreach (var group in parameters)
            {
                add_param_group(group);
            }
        }

        /// <summary>Decay rates of the two moments, in all groups.</summary>
        public (double, double) Betas
        {
            get => _parameter_groups.Count > 0 ? ((ParamGroup)_parameter_groups[0]).Betas : (((Options)_defaults).beta1.Value, ((Options)_defaults).beta2.Value);
            set
            {
                foreach (var group in _parameter_groups.Cast<ParamGroup>())
                {
                    group.Betas = value;
                }
            }
        }

        public override Tensor step(Func<Tensor> closure = null) => _step<ParamGroup>(Update, closure);

        public override void add_param_group(Modules.ParamGroup param_group)
        {
            var group = (ParamGroup)param_group;
            group.Options ??= new Options();
            var defaults = (Options)_defaults;
            group.Options.beta1 ??= defaults.beta1;
            group.Options.beta2 ??= defaults.beta2;
            group.Options.eps ??= defaults.eps;
            group.Options.weight_decay ??= defaults.weight_decay;
            group.Options.amsgrad ??= defaults.amsgrad;
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
            foreach (var parameter in group.Parameters)
            {
                using var scope = NewDisposeScope();
                if (parameter.grad is { } gradient)
                {
                    Update(parameter, group.Options.maximize.Value ? -gradient : gradient, (State)_state[parameter.Handle], group.Options);
                }
            }
        }

        private static void Update(Parameter parameter, Tensor gradient, State state, Options options)
        {
            var (beta1, beta2, rate) = (options.beta1.Value, options.beta2.Value, options.LearningRate.Value);
            state.step++;
            parameter.mul_(1 - rate * options.weight_decay.Value);
            state.exp_avg.mul_(beta1);
            state.exp_avg.add_(gradient, 1 - beta1);
            state.exp_avg_sq.mul_(beta2);
            state.exp_avg_sq.addcmul_(gradient, gradient, 1 - beta2);
            var second = state.exp_avg_sq;
            if (state.max_exp_avg_sq is not null)
            {
                state.max_exp_avg_sq.copy_(maximum(state.max_exp_avg_sq, second));
                second = state.max_exp_avg_sq;
            }
            var (bias1, bias2) = (1 - Math.Pow(beta1, state.step), 1 - Math.Pow(beta2, state.step));
            var denominator = second.sqrt();
            denominator.div_(Math.Sqrt(bias2));
            denominator.add_(options.eps.Value);
            parameter.addcdiv_(state.exp_avg, denominator, -rate / bias1);
        }

        /// <summary>Parameters with settings of their own.</summary>
        public class ParamGroup : ParamGroup<Options>, optim.IBetas
        {
            public ParamGroup()
            {
            }

            public ParamGroup(IEnumerable<Parameter> parameters, Options options)
                : base(parameters, options)
            {
            }

            public ParamGroup(
                IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0,
                bool amsgrad = false, bool maximize = false)
                : base(parameters, new Options
                {
                    LearningRate = lr,
                    beta1 = beta1,
                    beta2 = beta2,
                    eps = eps,
                    weight_decay = weight_decay,
                    amsgrad = amsgrad,
                    maximize = maximize,
                })
            {
            }

            public (double, double) Betas
            {
                get => (Options.beta1.Value, Options.beta2.Value);
                set => (Options.beta1, Options.beta2) = (value.Item1, value.Item2);
            }
        }

        /// <summary>Settings; null takes the optimizer's.</summary>
        public class Options : OptimizerOptions
        {
            public double? beta1;
            public double? beta2;
            public double? weight_decay;
            public double? eps;
            public bool? amsgrad;
            public bool? maximize;

            public override void LoadStateDict(OptimizerOptions source)
            {
                base.LoadStateDict(source);
                var other = (Options)source;
                (beta1, beta2, weight_decay, eps, amsgrad, maximize) = (other.beta1, other.beta2, other.weight_decay, other.eps, other.amsgrad, other.maximize);
            }
        }

        /// <summary>Steps taken and the moments of one parameter.</summary>
        public class State : OptimizerState, IDisposable
        {
            public long step;
            public Tensor exp_avg;
            public Tensor exp_avg_sq;
            public Tensor max_exp_avg_sq;

            public State(Parameter parameter)
                : base(parameter)
            {
            }

            public override void Initialize(OptimizerOptions options)
            {
                step = 0;
                exp_avg = zeros_like(_parameter).DetachFromDisposeScope();
                exp_avg_sq = zeros_like(_parameter).DetachFromDisposeScope();
                max_exp_avg_sq = ((Options)options).amsgrad == true ? zeros_like(_parameter).DetachFromDisposeScope() : null;
            }

            public override void LoadStateDict(OptimizerState source)
            {
                var other = (State)source;
                step = other.step;
                Copy(ref exp_avg, other.exp_avg);
                Copy(ref exp_avg_sq, other.exp_avg_sq);
                Copy(ref max_exp_avg_sq, other.max_exp_avg_sq);
            }

            public override void to(Device device)
            {
                Move(ref exp_avg, device);
                Move(ref exp_avg_sq, device);
                Move(ref max_exp_avg_sq, device);
            }

            public override bool ApproximatelyEquals(OptimizerState other) =>
                other is State state && step == state.step && Close(exp_avg, state.exp_avg) && Close(exp_avg_sq, state.exp_avg_sq)
                && Close(max_exp_avg_sq, state.max_exp_avg_sq);

            public void Dispose()
            {
                exp_avg?.Dispose();
                exp_avg_sq?.Dispose();
                max_exp_avg_sq?.Dispose();
            }
        }
    }
}
