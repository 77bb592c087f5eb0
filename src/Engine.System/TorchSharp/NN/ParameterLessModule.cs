using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>Marks modules without parameters, buffers and submodules.</summary>
public interface IParameterLessModule;

/// <summary>A module without state: nothing can be registered, and moves and conversions have nothing to do.</summary>
public abstract class ParameterLessModule<T1, TResult> : nn.Module<T1, TResult>, IParameterLessModule
{
    protected ParameterLessModule(string name)
        : base(name)
    {
    }

    public override void register_buffer(string name, Tensor tensor, bool persistent = true) => throw Stateless();

    public override void register_parameter(string name, Parameter param) => throw Stateless();

    public override void register_module(string name, nn.Module submodule) => throw Stateless();

    protected internal override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => this;

    protected internal override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => this;

    protected internal override nn.Module _to(ScalarType dtype, bool non_blocking) => this;

    private InvalidOperationException Stateless() => new($"A {GetName()} has no parameters, buffers or submodules.");
}
