using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>The device that a run computes on, and why it was chosen.</summary>
internal sealed record ComputeDevice(Device Device, string Reason)
{
    /// <summary>
    /// <c>auto</c> (the first GPU where there is one, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.
    /// Throws <see cref="ConfigException"/> for other texts, and where a GPU is asked for that is not there.
    /// </summary>
    public static ComputeDevice Resolve(string name)
    {
        if (name == "auto")
        {
            return cuda.is_available()
                ? new ComputeDevice(device(DeviceType.CUDA, 0), "auto: a GPU is there")
                : new ComputeDevice(CPU, "auto: no GPU");
        }
        if (name == "cpu")
        {
            return new ComputeDevice(CPU, "as configured");
        }
        var index = 0;
        var isCuda = name == "cuda"
            || (name.StartsWith("cuda:", StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index));
        if (!isCuda)
        {
            throw new ConfigException($"device is '{name}'; it must be auto, cpu or cuda:N.");
        }
        if (!cuda.is_available() || index >= cuda.device_count())
        {
            var count = cuda.is_available() ? cuda.device_count() : 0;
            throw new ConfigException(
                $"device is '{name}', but {count} GPU(s) can be used here. Set device: auto or cpu; `llm2clip doctor` says what is "
                + "missing.");
        }
        return new ComputeDevice(device(DeviceType.CUDA, index), "as configured");
    }
}
