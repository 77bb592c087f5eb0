using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            /// <summary>Direct submodules with their names, in the order of registration.</summary>
            public virtual IEnumerable<(string name, Module module)> named_children() => _internal_submodules;

            /// <summary>All modules below this one: the direct ones first, then theirs, with dotted names.</summary>
            public virtual IEnumerable<(string name, Module module)> named_modules()
            {
                foreach (var entry in _internal_submodules)
                {
                    yield return entry;
                }
                foreach (var (childName, child) in _internal_submodules)
                {
                    foreach (var (below, module) in child.named_modules())
                    {
                        yield return ($"{childName}.{below}", module);
                    }
                }
            }

            public virtual IEnumerable<Module> children() => named_children().Select(entry => entry.module);

            public virtual IEnumerable<Module> modules() => named_modules().Select(entry => entry.module);

            /// <summary>Parameters with dotted names; one that is registered twice comes once.</summary>
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
            {
                var seen = new HashSet<Parameter>(ReferenceEqualityComparer.Instance);
                foreach (var (parameterName, parameter) in _internal_params)
                {
                    if (seen.Add(parameter))
                    {
                        yield return (parameterName, parameter);
                    }
                }
                if (!recurse)
                {
                    yield break;
                }
                foreach (var (childName, child) in _internal_submodules)
                {
                    foreach (var (parameterName, parameter) in child.named_parameters(true))
                    {
                        if (seen.Add(parameter))
                        {
                            yield return ($"{childName}.{parameterName}", parameter);
                        }
                    }
                }
            }

            /// <summary>Buffers with dotted names; one that is registered twice comes once.</summary>
            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true)
            {
                var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
                foreach (var (bufferName, (buffer, persistent)) in _internal_buffers)
                {
                    if ((persistent || include_nonpersistent) && seen.Add(buffer))
                    {
                        yield return (bufferName, buffer);
                    }
                }
                if (!recurse)
                {
                    yield break;
                }
                foreach (var (childName, child) in _internal_submodules)
                {
                    foreach (var (bufferName, buffer) in child.named_buffers(true, include_nonpersistent))
                    {
                        if (seen.Add(buffer))
                        {
                            yield return ($"{childName}.{bufferName}", buffer);
                        }
                    }
                }
            }

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(entry => entry.parameter);

            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true) =>
                named_buffers(recurse, include_nonpersistent).Select(entry => entry.buffer);

            /// <summary>The parameter of a dotted name, or null.</summary>
            public virtual Parameter get_parameter(string target)
            {
                ArgumentNullException.ThrowIfNull(target);
                return _internal_params.TryGetValue(target, out var found) ? found : Below(target, (module, rest) => module.get_parameter(rest));
            }

            /// <summary>The buffer of a dotted name, or null.</summary>
            public virtual Tensor get_buffer(string target)
            {
                ArgumentNullException.ThrowIfNull(target);
                return _internal_buffers.TryGetValue(target, out var found) ? found.Item1 : Below(target, (module, rest) => module.get_buffer(rest));
            }

            public virtual bool has_parameter(string target) => get_parameter(target) is not null;

            public virtual bool has_buffer(string target) => get_buffer(target) is not null;

            /// <summary>All parameters and persistent buffers by dotted name. The tensors are the module's own, not copies.</summary>
            public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor> destination = null, string prefix = null)
            {
                destination ??= [];
                var head = string.IsNullOrEmpty(prefix) ? "" : prefix + ".";
                foreach (var (parameterName, parameter) in _internal_params)
                {
                    destination.TryAdd(head + parameterName, parameter);
                }
                foreach (var (bufferName, (buffer, persistent)) in _internal_buffers)
                {
                    if (persistent)
                    {
                        destination.TryAdd(head + bufferName, buffer);
                    }
                }
                foreach (var (childName, child) in _internal_submodules)
                {
                    child.state_dict(destination, head + childName);
                }
                return destination;
            }

            /// <summary>
            /// Copies values into the module's own tensors, converting the element type. Strict: names on both sides must be the same.
            /// A tensor of another shape is an error in either case, and then nothing has been changed.
            /// </summary>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(
                Dictionary<string, Tensor> source, bool strict = true, IList<string> skip = null)
            {
                ArgumentNullException.ThrowIfNull(source);
                var own = state_dict();
                var skipped = skip is null ? [] : new HashSet<string>(skip);
                var missing = own.Keys.Where(key => !skipped.Contains(key) && !source.ContainsKey(key)).ToList();
                var unexpected = source.Keys.Where(key => !skipped.Contains(key) && !own.ContainsKey(key)).ToList();
                if (strict && missing.Count + unexpected.Count > 0)
                {
                    throw new InvalidOperationException(
                        $"The state to be loaded does not fit {GetName()}. Missing: [{string.Join(", ", missing)}]; unexpected: [{string.Join(", ", unexpected)}].");
                }
                var common = own.Where(entry => !skipped.Contains(entry.Key) && source.ContainsKey(entry.Key)).ToList();
                var misshapen = common.Where(entry => !entry.Value.shape.SequenceEqual(source[entry.Key].shape))
                    .Select(entry => $"{entry.Key} is [{string.Join(", ", source[entry.Key].shape)}] but should be [{string.Join(", ", entry.Value.shape)}]").ToList();
                if (misshapen.Count > 0)
                {
                    throw new InvalidOperationException($"The state to be loaded does not fit {GetName()}: {string.Join("; ", misshapen)}.");
                }
                using var scope = torch.NewDisposeScope();
                using var untracked = torch.no_grad();
                foreach (var (key, tensor) in common)
                {
                    tensor.copy_(source[key]);
                }
                return (missing, unexpected);
            }

            private T Below<T>(string target, Func<Module, string, T> find)
                where T : class
            {
                var dot = target.IndexOf('.', StringComparison.Ordinal);
                return dot > 0 && _internal_submodules.TryGetValue(target[..dot], out var child) ? find(child, target[(dot + 1)..]) : null;
            }
        }
    }
}
