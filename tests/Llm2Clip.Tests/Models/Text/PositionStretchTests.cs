using System.Text.Json;
using Llm2Clip.Models.Text;
using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models.Text;

/// <summary>Knowledge-preserving stretching: golden/longclip/kps.*, what is said about it, and what is refused.</summary>
public sealed class PositionStretchTests
{
    private const double Tolerance = 1e-6; // golden/longclip/README

    public static TheoryData<string> Cases()
    {
        var path = Path.Combine(SharedData.Golden, "longclip", "kps.json");
        return File.Exists(path)
            ? [.. JsonDocument.Parse(File.ReadAllText(path)).RootElement.EnumerateObject().Select(one => one.Name)]
            : new TheoryData<string>("");
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases))]
    public void TheTableAgrees(string name)
    {
        var one = JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden("longclip", "kps.json"))).RootElement.GetProperty(name);
        using var file = SafetensorsFile.Open(SharedData.RequireGolden("longclip", "kps.safetensors"));
        using var scope = NewDisposeScope();
        var (positions, target) = (one.GetProperty("positions").GetInt32(), one.GetProperty("target").GetInt32());
        var stretch = PositionStretch.Of(positions, one.GetProperty("keep").GetInt32(), one.GetProperty("ratio").GetDouble(), target);
        var stretched = stretch.Apply(file.Input(one.GetProperty("source").GetString()!));
        Assert.Equal(target, stretched.shape[0]);
        GoldenTensors.Close(file.Input(name), stretched, Tolerance, name);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void TheLoadersTableAgrees()
    {
        using var file = SafetensorsFile.Open(SharedData.RequireGolden("vision", "longclip", "kps.safetensors"));
        using var scope = NewDisposeScope();
        GoldenTensors.Close(
            file.Input("stretched"), PositionStretch.Of(77, 20, 4, null).Apply(file.Input("source")), Tolerance, "stretched");
    }

    /// <summary>By hand: kept, interpolated up to 4 * 76 - 3 * 20 = 244, and three behind.</summary>
    [Fact]
    public void WhatBecomesOfWhichPositionIsSaid()
    {
        Assert.Equal(
        [
            "positions 0 to 19: kept as they are",
            "positions 20 to 244: interpolated between the old positions from 20 to 76; old position i is now 20 + 4 (i - 20)",
            "positions 245 to 247: behind the last old position, extrapolated by the last difference",
        ], PositionStretch.Of(77, 20, 4, null).Describe());
        Assert.Equal(["positions 0 to 19: kept as they are"], PositionStretch.Of(77, 20, 4, 20).Describe());
        Assert.Equal(
        [
            "positions 0 to 3: interpolated between the old positions from 0 to 3; old position i is now 0 + 1 (i - 0)",
        ], PositionStretch.Of(4, 0, 1, null).Describe());
    }

    [Fact]
    public void ALengthOutOfReachIsRefusedWithThoseThatAreNot()
    {
        var error = Assert.Throws<ConfigException>(() => PositionStretch.Of(77, 20, 4, 300)).Message;
        Assert.Equal(
            "length is 300, but 77 positions with keep 20 and ratio 4 reach 248. Set ratio to 4.92 or more, keep to 2 or less, or length to "
            + "248 at most.", error);
        // What is said reaches, and the next lower does not.
        Assert.Equal(300, PositionStretch.Of(77, 20, 4.92, 300).Length);
        Assert.Equal(300, PositionStretch.Of(77, 2, 4, 300).Length);
        Assert.Throws<ConfigException>(() => PositionStretch.Of(77, 20, 4.91, 300));
        Assert.Throws<ConfigException>(() => PositionStretch.Of(77, 3, 4, 300));
        // No keep at all would do with a ratio of 2.
        Assert.EndsWith(
            "Set ratio to 8.6 or more, or length to 134 at most.",
            Assert.Throws<ConfigException>(() => PositionStretch.Of(77, 20, 2, 510)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(77, 77, 4.0, null, "keep is 77; it must be 0 to 76, as the tower has 77 positions and one at least is stretched.")]
    [InlineData(77, 20, 0.0, null, "ratio is 0; it must be 1 or more, as below it positions would be lost.")]
    [InlineData(77, 20, double.NaN, null, "ratio is NaN; it must be 1 or more, as below it positions would be lost.")]
    [InlineData(77, 20, 4.0, 1, "length is 1; a text has a start and an end, so 2 is the least.")]
    public void NumbersThatMakeNoSenseAreRefused(int positions, int keep, double ratio, int? length, string message) =>
        Assert.Equal(message, Assert.Throws<ConfigException>(() => PositionStretch.Of(positions, keep, ratio, length)).Message);

    [Fact]
    public void ATowerWithoutPositionsToStretchIsRefused() =>
        Assert.Equal(
            "The text tower has 1 positions, and there is nothing to stretch between fewer than 2.",
            Assert.Throws<InputException>(() => PositionStretch.Of(1, 0, 4, null)).Message);
}
