using System.Globalization;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Where a tensor lives: <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public sealed class Device
    {
        /// <summary>Parses <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>. Throws <see cref="ArgumentException"/> for anything else.</summary>
        public Device(string description)
        {
            var parts = (description ?? "").Split(':');
            type = Parse(parts[0]);
            index = parts.Length switch
            {
                1 => -1,
                2 when int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
                _ => throw new ArgumentException($"'{description}' is no device; give cpu, cuda or cuda:N.", nameof(description)),
            };
            index = Normalised(type, index);
        }

        /// <summary>A device by the name of its kind and its number.</summary>
        public Device(string deviceType, int index = -1)
            : this(Parse(deviceType), index)
        {
        }

        /// <summary>A device by kind and number; a GPU without one is the first.</summary>
        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = Normalised(deviceType, index);
        }

        /// <summary>The GPU with that number.</summary>
        public Device(int index)
            : this(DeviceType.CUDA, index)
        {
        }

        /// <summary>The kind.</summary>
        public DeviceType type { get; }

        /// <summary>The number among its kind; -1 for the CPU.</summary>
        public int index { get; }

        /// <summary>As it is parsed: <c>cpu</c>, <c>cuda:0</c>.</summary>
        public override string ToString() =>
            index < 0 ? type.ToString().ToLowerInvariant() : string.Create(CultureInfo.InvariantCulture, $"{type.ToString().ToLowerInvariant()}:{index}");

        public static implicit operator Device(string description) => new(description);

        private static int Normalised(DeviceType type, int index) => type == DeviceType.CUDA && index < 0 ? 0 : type == DeviceType.CPU ? -1 : index;

        private static DeviceType Parse(string name) =>
            Enum.TryParse<DeviceType>(name, true, out var type) && !int.TryParse(name, out _)
                ? type
                : throw new ArgumentException($"'{name}' is no kind of device; give cpu or cuda.", nameof(name));
    }

    /// <summary>The CPU.</summary>
    public static readonly Device CPU = new(DeviceType.CPU);

    /// <summary>No storage at all: shapes only.</summary>
    public static readonly Device META = new(DeviceType.META);

    private static readonly Device FirstGpu = new(DeviceType.CUDA, 0);
    private static Device defaultDevice = CPU;
    private static ScalarType defaultDtype = ScalarType.Float32;

    /// <summary>The first GPU.</summary>
    public static Device CUDA => FirstGpu;

    /// <inheritdoc cref="Device(string)"/>
    public static Device device(string description) => new(description);

    /// <inheritdoc cref="Device(string, int)"/>
    public static Device device(string deviceType, int index = -1) => new(deviceType, index);

    /// <inheritdoc cref="Device(DeviceType, int)"/>
    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);

    /// <inheritdoc cref="Device(int)"/>
    public static Device device(int index) => new(index);

    /// <summary>Where tensors are made without a device argument.</summary>
    public static Device get_default_device() => defaultDevice;

    /// <summary>Changes where tensors are made without a device argument.</summary>
    public static void set_default_device(Device device) => defaultDevice = device ?? CPU;

    /// <inheritdoc cref="set_default_device(Device)"/>
    public static void set_default_device(string device) => set_default_device(new Device(device));

    /// <summary>The dtype of floating tensors made without a dtype argument.</summary>
    public static ScalarType get_default_dtype() => defaultDtype;

    /// <summary>Changes the dtype of floating tensors made without a dtype argument.</summary>
    public static void set_default_dtype(ScalarType dtype) =>
        defaultDtype = is_floating_point(dtype) ? dtype : throw new ArgumentException($"{dtype} is no floating dtype.", nameof(dtype));

    /// <summary>The device, or the default one; a GPU is initialised by its first use.</summary>
    public static Device InitializeDevice(Device device) => device ?? defaultDevice;

    /// <summary>Throws <see cref="InvalidOperationException"/> where such a device cannot be had.</summary>
    public static void InitializeDeviceType(DeviceType deviceType)
    {
        if (!TryInitializeDeviceType(deviceType))
        {
            throw new InvalidOperationException($"Device type {deviceType} is not available with this libtorch on this machine.");
        }
    }

    /// <summary>Whether such a device can be had.</summary>
    public static bool TryInitializeDeviceType(DeviceType deviceType) => deviceType switch
    {
        DeviceType.CPU or DeviceType.META => true,
        DeviceType.CUDA => cuda.is_available(),
        _ => false,
    };
}
