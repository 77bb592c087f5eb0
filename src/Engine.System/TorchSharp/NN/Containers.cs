using System.Collections;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Modules that run one after the other, named by their position unless named.</summary>
    public class Sequential : nn.Module<Tensor, Tensor>
    {
        private readonly List<nn.IModule<Tensor, Tensor>> _steps = [];

        protected internal Sequential(params nn.Module<Tensor, Tensor>[] modules)
            : base(nameof(Sequential))
        {
            foreach (var module in modules)
            {
                append(module);
            }
        }

        protected internal Sequential(params (string name, nn.Module<Tensor, Tensor> submodule)[] modules)
            : base(nameof(Sequential))
        {
            foreach (var (name, module) in modules)
            {
                append(name, module);
            }
        }

        public int Count => _steps.Count;

        [System.Runtime.CompilerServices.IndexerName("SequentialItems")]
        public nn.IModule<Tensor, Tensor> this[int index] => _steps[index];

        public Sequential append(nn.IModule<Tensor, Tensor> module) => append(_steps.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), module);

        public Sequential append(string name, nn.IModule<Tensor, Tensor> module)
        {
            register_module(name, (nn.Module)module);
            _steps.Add(module);
            return this;
        }

        /// <summary>Runs the steps. Results between them are disposed; autograd keeps what it needs.</summary>
        public override Tensor forward(Tensor tensor)
        {
            if (_steps.Count == 0)
            {
                return tensor.alias();
            }
            var current = tensor;
            foreach (var step in _steps)
            {
                var next = step.call(current);
                if (!ReferenceEquals(current, tensor) && !ReferenceEquals(next, current))
                {
                    current.Dispose();
                }
                current = next;
            }
            return current;
        }
    }

    /// <summary>A list of modules, registered by position.</summary>
    public class ModuleList<T> : nn.Module, IList<T>
        where T : nn.Module
    {
        private readonly List<T> _list = [];

        public ModuleList(params T[] modules)
            : base(nameof(ModuleList<T>)) => extend(modules);

        public int Count => _list.Count;

        public bool IsReadOnly => false;

        public T this[int index]
        {
            get => _list[index];
            set
            {
                _list[index] = value;
                Renumber();
            }
        }

        public void Add(T item)
        {
            _list.Add(item);
            register_module((_list.Count - 1).ToString(System.Globalization.CultureInfo.InvariantCulture), item);
        }

        public void append(params T[] parameters) => extend(parameters);

        public void extend(IEnumerable<T> modules)
        {
            foreach (var module in modules)
            {
                Add(module);
            }
        }

        public void Insert(int index, T item)
        {
            _list.Insert(index, item);
            Renumber();
        }

        public bool Remove(T item)
        {
            var removed = _list.Remove(item);
            Renumber();
            return removed;
        }

        public void RemoveAt(int index)
        {
            _list.RemoveAt(index);
            Renumber();
        }

        public void Clear()
        {
            _list.Clear();
            ClearModules();
        }

        public bool Contains(T item) => _list.Contains(item);

        public int IndexOf(T item) => _list.IndexOf(item);

        public void CopyTo(T[] array, int arrayIndex) => _list.CopyTo(array, arrayIndex);

        public IEnumerator<T> GetEnumerator() => _list.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        protected override void RegisterComponents()
        {
        }

        private void Renumber()
        {
            ClearModules();
            for (var index = 0; index < _list.Count; index++)
            {
                register_module(index.ToString(System.Globalization.CultureInfo.InvariantCulture), _list[index]);
            }
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Sequential Sequential() => new(Array.Empty<Module<Tensor, Tensor>>());

            public static Modules.Sequential Sequential(params Module<Tensor, Tensor>[] modules) => new(modules);

            public static Modules.Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) => new(modules);

            public static Modules.Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules) => new(modules.ToArray());

            public static Modules.Sequential Sequential(IEnumerable<(string name, Module<Tensor, Tensor> submodule)> modules) => new(modules.ToArray());

            public static Modules.ModuleList<T> ModuleList<T>(params T[] modules)
                where T : Module => new(modules);

            public static Modules.ModuleList<Module> ModuleList(params Module[] modules) => new(modules);
        }
    }
}
