namespace TorchSharp;

public static partial class torch
{
    // How results of native entries become what the surface returns.
    public partial class Tensor
    {
        private static (Tensor, Tensor) Pair(ReadOnlySpan<nint> handles) => (new Tensor(handles[0]), new Tensor(handles[1]));

        private static Tensor Typed(Tensor result, ScalarType? type) => type is { } wanted ? result.to(wanted, disposeAfter: true) : result;

        private static Tensor Into(Tensor result, Tensor target)
        {
            if (target is null)
            {
                return result;
            }
            using (result)
            {
                return target.copy_(result);
            }
        }

        private Tensor Converted(Tensor result, bool disposeAfter)
        {
            if (disposeAfter)
            {
                Dispose();
            }
            return result;
        }

        private int Type(Device device) => (int)(device?.type ?? device_type);

        private int Index(Device device) => device?.index ?? device_index;
    }

    // The list must outlive the call that took its handles.
    private static Tensor Joined(Tensor result, object list)
    {
        GC.KeepAlive(list);
        return result;
    }
}
