using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers with a state of its own.</summary>
    [NativeMarshalling(typeof(GeneratorMarshaller))]
    public class Generator : IDisposable
    {
        private static readonly Lazy<Generator> CpuDefault = new(() => new Generator(l2c_generator_default()));
        private nint handle;

        /// <summary>A generator of that seed for the CPU or a GPU.</summary>
        public Generator(ulong seed = 0, Device device = null)
        {
            this.device = device ?? CPU;
            handle = l2c_generator_new(seed, (int)this.device.type, this.device.index);
            if (handle == 0)
            {
                throw new ExternalException(LastError());
            }
        }

        private Generator(nint handle)
        {
            this.handle = handle;
            device = CPU;
        }

        ~Generator() => Dispose(false);

        /// <summary>The CPU's generator, which operations without a generator argument draw from.</summary>
        public static Generator Default => CpuDefault.Value;

        /// <summary>The native handle.</summary>
        public IntPtr Handle => handle != 0 ? handle : throw new InvalidOperationException("The generator has been disposed.");

        /// <summary>Where it makes numbers.</summary>
        public Device device { get; }

        /// <summary>Starts the sequence of that seed.</summary>
        public Generator manual_seed(long seed)
        {
            l2c_generator_seed_set(this, unchecked((ulong)seed));
            return this;
        }

        /// <summary>The seed that the sequence started from.</summary>
        public long initial_seed() => unchecked((long)l2c_generator_initial_seed(this));

        /// <summary>Starts a sequence of a random seed, and returns it.</summary>
        public long seed() => unchecked((long)l2c_generator_seed(this));

        /// <summary>The whole state as a byte tensor.</summary>
        public Tensor get_state() => l2c_generator_get_state(this);

        /// <summary>Goes on where <see cref="get_state"/> was taken.</summary>
        public void set_state(Tensor value) => l2c_generator_set_state(this, value);

        /// <summary>Frees the generator.</summary>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Frees the native generator.</summary>
        protected virtual void Dispose(bool disposing)
        {
            var freed = Interlocked.Exchange(ref handle, 0);
            if (freed != 0)
            {
                l2c_generator_free(freed);
            }
        }
    }

    /// <summary>Seeds the generators of the CPU and of every GPU; returns the CPU's.</summary>
    public static Generator manual_seed(long seed)
    {
        l2c_manual_seed(unchecked((ulong)seed));
        return Generator.Default;
    }

    /// <summary>Starts the CPU's generator from a random seed, and returns it.</summary>
    public static long seed() => Generator.Default.seed();

    /// <summary>The seed that the CPU's generator started from.</summary>
    public static long initial_seed() => Generator.Default.initial_seed();

    /// <summary>The state of the CPU's generator.</summary>
    public static Tensor get_rng_state() => Generator.Default.get_state();

    /// <summary>Sets the state of the CPU's generator.</summary>
    public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);

    /// <summary>The same, under the name that Python gives it.</summary>
    public static class random
    {
        /// <inheritdoc cref="torch.manual_seed(long)"/>
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);

        /// <inheritdoc cref="torch.seed"/>
        public static long seed() => torch.seed();

        /// <inheritdoc cref="torch.initial_seed"/>
        public static long initial_seed() => torch.initial_seed();

        /// <inheritdoc cref="torch.get_rng_state"/>
        public static Tensor get_rng_state() => torch.get_rng_state();

        /// <inheritdoc cref="torch.set_rng_state(Tensor)"/>
        public static void set_rng_state(Tensor new_state) => torch.set_rng_state(new_state);
    }
}
