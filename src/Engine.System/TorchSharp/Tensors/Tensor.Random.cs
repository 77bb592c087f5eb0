using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Fills with uniform numbers of [from, to).</summary>
        public Tensor uniform_(double from, double to, Generator generator = null) => Changed(l2c_uniform_(this, from, to, generator));

        /// <summary>Fills with normal numbers.</summary>
        public Tensor normal_(double mean = 0, double std = 1, Generator generator = null) =>
            Changed(l2c_normal_(this, mean, std, generator));

        /// <summary>1 with the probability that each element gives, else 0.</summary>
        public Tensor bernoulli(Generator generator = null) => l2c_bernoulli(this, generator);

        /// <summary>Fills with 1 by the probability p, else 0.</summary>
        public Tensor bernoulli_(double p = 0.5, Generator generator = null) => Changed(l2c_bernoulli_(this, p, generator));

        /// <summary>Fills with 1 by the probability p, else 0.</summary>
        public Tensor bernoulli_(Tensor p, Generator generator = null) => Changed(l2c_bernoulli_tensor_(this, p, generator));

        /// <summary>Fills with exponential numbers of that rate.</summary>
        public Tensor exponential_(double lambda = 1, Generator generator = null) => Changed(l2c_exponential_(this, lambda, generator));

        /// <summary>Fills with uniform integers of [from, to).</summary>
        public Tensor random_(double from, double to, Generator generator = null) =>
            Changed(l2c_random_(this, (long)from, (long)to, generator));

        /// <summary>Indices drawn by the weights of the last dimension.</summary>
        public Tensor multinomial(long num_samples, bool replacement = false, Generator generator = null) =>
            l2c_multinomial(this, num_samples, replacement, generator);

        /// <summary>Uniform numbers of [0, 1) in this shape.</summary>
        public Tensor rand_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_rand(shape, Dimensions, null, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);

        /// <summary>Standard normal numbers in this shape.</summary>
        public Tensor randn_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_randn(shape, Dimensions, null, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);
    }
}
