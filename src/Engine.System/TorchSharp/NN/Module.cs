using System.Reflection;
using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Layers, functional operations, initialisation.</summary>
    public static partial class nn
    {
        /// <summary>
        /// Base of all models and layers: a tree of named submodules, parameters and buffers. Fields that hold modules, parameters or tensors are
        /// registered by <see cref="RegisterComponents"/> under their <see cref="ComponentNameAttribute"/> name or their own.
        /// </summary>
        public partial class Module : IDisposable
        {
            protected internal readonly OrderedDict<string, Parameter> _internal_params = new();
            protected internal readonly OrderedDict<string, (Tensor, bool)> _internal_buffers = new();
            protected internal readonly OrderedDict<string, Module> _internal_submodules = new();
            protected readonly string name;
            private bool _registered;

            protected Module(string name) => this.name = name;

            /// <summary>True in training mode, which is how modules start; dropout acts only then.</summary>
            public bool training { get; private set; } = true;

            /// <summary>The type's name as it was given to the constructor.</summary>
            public virtual string GetName() => name;

            /// <summary>Registers every field of the concrete type that holds a module, a parameter (<see cref="Parameter"/>) or a buffer (any other tensor).</summary>
            protected virtual void RegisterComponents()
            {
                if (_registered)
                {
                    return;
                }
                foreach (var field in ComponentFields())
                {
                    var componentName = field.ComponentName();
                    if (_internal_submodules.ContainsKey(componentName) || _internal_params.ContainsKey(componentName) || _internal_buffers.ContainsKey(componentName))
                    {
                        continue;
                    }
                    switch (field.GetValue(this))
                    {
                        case Module module:
                            register_module(componentName, module);
                            break;
                        case Parameter parameter:
                            register_parameter(componentName, parameter);
                            break;
                        case Tensor tensor:
                            register_buffer(componentName, tensor);
                            break;
                    }
                }
                _registered = true;
            }

            /// <summary>Adds a tensor that is state but not trained. A buffer that is not persistent is left out of state dictionaries.</summary>
            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
            {
                ArgumentNullException.ThrowIfNull(tensor);
                tensor.DetachFromDisposeScope();
                if (_internal_buffers.ContainsKey(name))
                {
                    throw new InvalidOperationException($"Buffer {name} is already registered.");
                }
                _internal_buffers.Add(name, (tensor, persistent));
            }

            /// <summary>Adds a parameter under a name that is not taken yet.</summary>
            public virtual void register_parameter(string name, Parameter param)
            {
                ArgumentNullException.ThrowIfNull(param);
                param.DetachFromDisposeScope();
                if (_internal_params.ContainsKey(name))
                {
                    throw new InvalidOperationException($"Parameter {name} is already registered.");
                }
                _internal_params.Add(name, param);
            }

            /// <summary>Adds a submodule; null takes the name out again.</summary>
            public virtual void register_module(string name, Module submodule)
            {
                if (submodule is null)
                {
                    _internal_submodules.Remove(name);
                    return;
                }
                if (string.IsNullOrEmpty(name) || name.Contains('.'))
                {
                    throw new ArgumentException($"A module's name is not empty and holds no dot, but it is '{name}'.", nameof(name));
                }
                if (_internal_submodules.ContainsKey(name))
                {
                    throw new InvalidOperationException($"Module {name} is already registered.");
                }
                submodule.RegisterComponents();
                _internal_submodules.Add(name, submodule);
            }

            /// <inheritdoc cref="register_module"/>
            public void add_module(string name, Module module) => register_module(name, module);

            /// <summary>Registers, replaces or (null) takes out a parameter.</summary>
            protected void ConditionallyRegisterParameter(string name, Parameter value)
            {
                if (value is null)
                {
                    _internal_params.Remove(name);
                }
                else
                {
                    _internal_params[name] = value;
                }
            }

            /// <inheritdoc cref="ConditionallyRegisterParameter(string, Parameter)"/>
            protected void ConditionallyRegisterParameter(string name, Tensor value) =>
                ConditionallyRegisterParameter(name, value as Parameter ?? (value is null ? null : new Parameter(value)));

            /// <summary>Registers, replaces or (null) takes out a buffer.</summary>
            protected void ConditionallyRegisterBuffer(string name, Tensor value, bool persistent = true)
            {
                if (value is null)
                {
                    _internal_buffers.Remove(name);
                }
                else
                {
                    _internal_buffers[name] = (value, persistent);
                }
            }

            /// <summary>Takes all submodules out, without disposing them.</summary>
            protected void ClearModules() => _internal_submodules.Clear();

            /// <summary>Calls <paramref name="fn"/> on all modules of the tree, children first.</summary>
            public virtual Module apply(Action<Module> fn)
            {
                foreach (var (_, module) in _internal_submodules)
                {
                    module.apply(fn);
                }
                fn(this);
                return this;
            }

            /// <summary>Sets training mode, or evaluation mode, on the whole tree.</summary>
            public virtual void train(bool train = true)
            {
                training = train;
                foreach (var (_, module) in named_children())
                {
                    module.train(train);
                }
            }

            /// <summary>Sets evaluation mode on the whole tree.</summary>
            public virtual void eval() => train(false);

            /// <summary>Forgets all gradients, or fills them with zeros.</summary>
            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach (var parameter in parameters())
                {
                    ClearGradient(parameter, set_to_none);
                }
            }

            /// <summary>Disposes the parameters, buffers and submodules.</summary>
            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (!disposing)
                {
                    return;
                }
                foreach (var (_, module) in _internal_submodules)
                {
                    module.Dispose();
                }
                foreach (var (_, parameter) in _internal_params)
                {
                    parameter.Dispose();
                }
                foreach (var (_, (buffer, _)) in _internal_buffers)
                {
                    buffer.Dispose();
                }
            }

            /// <summary>Forgets the gradient of a parameter, or fills it with zeros.</summary>
            internal static void ClearGradient(Parameter parameter, bool set_to_none)
            {
                if (set_to_none)
                {
                    parameter.grad = null;
                    return;
                }
                using var scope = torch.NewDisposeScope();
                parameter.grad?.zero_();
            }

            private FieldInfo[] ComponentFields() => GetType().GetFields(BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Instance);
        }
    }
}
