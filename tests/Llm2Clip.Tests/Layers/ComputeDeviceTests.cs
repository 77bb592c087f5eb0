using Llm2Clip.Layers;
using TorchSharp;

namespace Llm2Clip.Tests.Layers;

public class ComputeDeviceTests
{
    [Fact]
    public void CpuIsThereAndAutoFindsADevice()
    {
        Assert.Equal(DeviceType.CPU, ComputeDevice.Resolve("cpu").Device.type);
        Assert.NotEmpty(ComputeDevice.Resolve("auto").Reason);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:x")]
    [InlineData("cuda:-1")]
    [InlineData("")]
    public void OtherNamesAreRefused(string name) =>
        Assert.Contains("it must be auto, cpu or cuda:N", Assert.Throws<ConfigException>(() => ComputeDevice.Resolve(name)).Message);

    [Fact]
    public void AGpuThatIsNotThereIsRefused() =>
        Assert.Contains("GPU(s) can be used here", Assert.Throws<ConfigException>(() => ComputeDevice.Resolve("cuda:99")).Message);
}
