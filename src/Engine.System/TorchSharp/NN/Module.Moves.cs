using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            protected internal DeviceType _deviceType = DeviceType.CPU;
            protected internal int _deviceIndex = -1;

            /// <summary>Moves and converts the whole tree. Only floating-point tensors change their type.</summary>
            protected internal virtual Module _to(Device device, ScalarType dtype, bool non_blocking)
            {
                _toEpilog(dtype, device, non_blocking);
                return this;
            }

            /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
            protected internal virtual Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
            {
                _toEpilog(null, new Device(deviceType, deviceIndex), non_blocking);
                return this;
            }

            /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
            protected internal virtual Module _to(ScalarType dtype, bool non_blocking)
            {
                _toEpilog(dtype, null, non_blocking);
                return this;
            }

            /// <summary>Moves to the device of another tensor and converts to its type.</summary>
            public Module _to(Tensor other, bool non_blocking) => _to(other.device, other.dtype, non_blocking);

            protected void _toEpilog(Device device, ScalarType dtype, bool non_blocking) => _toEpilog((ScalarType?)dtype, device, non_blocking);

            protected void _toEpilog(DeviceType deviceType, int deviceIndex, bool non_blocking) =>
                _toEpilog(null, new Device(deviceType, deviceIndex), non_blocking);

            protected void _toEpilog(ScalarType dtype, bool non_blocking) => _toEpilog(dtype, null, non_blocking);

            /// <summary>
            /// Moves and converts this module's tensors and its children. A tensor that changes is replaced by a new one, registered under the same
            /// name and written back to the field of that name; the old one is disposed. Gradients go along.
            /// </summary>
            protected virtual void _toEpilog(ScalarType? dtype, Device device, bool non_blocking)
            {
                foreach (var (_, child) in named_children())
                {
                    if (dtype is { } type && device is not null)
                    {
                        child._to(device, type, non_blocking);
                    }
                    else if (dtype is { } only)
                    {
                        child._to(only, non_blocking);
                    }
                    else
                    {
                        child._to(device.type, device.index, non_blocking);
                    }
                }
                foreach (var (parameterName, parameter) in _internal_params.ToList<(string, Parameter)>())
                {
                    if (ReplaceParameter(dtype, device, parameter, out var moved))
                    {
                        WriteBack(parameter, moved);
                        ConditionallyRegisterParameter(parameterName, moved);
                        parameter.Dispose();
                    }
                }
                foreach (var (bufferName, (buffer, persistent)) in _internal_buffers.ToList<(string, (Tensor, bool))>())
                {
                    if (ReplaceBuffer(dtype, device, buffer, out var moved))
                    {
                        WriteBack(buffer, moved);
                        ConditionallyRegisterBuffer(bufferName, moved, persistent);
                        buffer.Dispose();
                    }
                }
                if (device is not null)
                {
                    _deviceType = device.type;
                    _deviceIndex = device.index;
                }
            }

            /// <summary>The moved or converted copy of a parameter with its gradient; false where nothing has to change.</summary>
            protected static bool ReplaceParameter(ScalarType? dtype, Device device, Parameter param, out Parameter p)
            {
                p = null;
                if (!Differs(dtype, device, param, out var type, out var place))
                {
                    return false;
                }
                using var untracked = torch.no_grad();
                p = new Parameter(param.to(type, place), param.requires_grad);
                p.DetachFromDisposeScope();
                using var gradient = param.grad;
                if (gradient is not null)
                {
                    using var moved = gradient.to(type, place, copy: true);
                    p.grad = moved;
                }
                return true;
            }

            /// <summary>The moved or converted copy of a buffer; false where nothing has to change.</summary>
            protected static bool ReplaceBuffer(ScalarType? dtype, Device device, Tensor buffer, out Tensor result)
            {
                result = null;
                if (!Differs(dtype, device, buffer, out var type, out var place))
                {
                    return false;
                }
                using var untracked = torch.no_grad();
                result = buffer.to(type, place).DetachFromDisposeScope();
                return true;
            }

            /// <summary>Where a new module's tensors go when nothing was asked for.</summary>
            protected static (Device device, ScalarType dtype) GetDefaultDeviceAndType(Device device = null, ScalarType? dtype = null) =>
                (device ?? torch.CPU, dtype ?? ScalarType.Float32);

            private static bool Differs(ScalarType? dtype, Device device, Tensor tensor, out ScalarType type, out Device place)
            {
                type = dtype is { } wanted && tensor.is_floating_point() ? wanted : tensor.dtype;
                place = device ?? tensor.device;
                var samePlace = place.type == tensor.device_type && (place.type == DeviceType.CPU || place.index == tensor.device_index);
                return type != tensor.dtype || !samePlace;
            }

            private void WriteBack(Tensor old, Tensor moved)
            {
                foreach (var field in ComponentFields())
                {
                    if (ReferenceEquals(field.GetValue(this), old))
                    {
                        field.SetValue(this, moved);
                    }
                }
            }
        }
    }
}
