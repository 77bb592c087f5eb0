using Llm2Clip.Images;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Search;

public sealed class ImageFactsTests
{
    [Fact]
    public void DatePlaceAndOrientation()
    {
        var facts = ImageFacts.Of(ExifBytes.Into(DataFolder.Image(1), 6, "2021:05:06 07:08:09", ('N', [48, 51, 2960], 'W', [2, 17, 4020])), "a");
        Assert.Equal((30, 40, 6), (facts.Width, facts.Height, facts.Orientation)); // stored as 40 x 30, turned
        Assert.Equal(new DateTime(2021, 5, 6, 7, 8, 9), facts.Taken);
        Assert.Equal(48 + 51 / 60.0 + 29.6 / 3600, facts.Latitude!.Value, 1e-9);
        Assert.Equal(-(2 + 17 / 60.0 + 40.2 / 3600), facts.Longitude!.Value, 1e-9);
    }

    [Theory]
    [InlineData("0000:00:00 00:00:00")]
    [InlineData("yesterday at seven ")]
    [InlineData(null)]
    public void WhatMakesNoSenseIsLeftOut(string? date)
    {
        var facts = ImageFacts.Of(ExifBytes.Into(DataFolder.Image(1), 1, date, ('N', [148, 51, 0], 'E', [2, 17, 0])), "a");
        Assert.Equal((null, null, null), (facts.Taken, facts.Latitude, facts.Longitude));
    }

    [Fact]
    public void FilesWithoutExifDataAndOtherFormats()
    {
        var image = ImageCodec.Decode(DataFolder.Image(1), "a");
        foreach (var encoded in new[] { DataFolder.Image(1), ImageCodec.EncodePng(image), ImageCodec.EncodeWebp(image) })
        {
            Assert.Equal(new ImageFacts(40, 30, 1, null, null, null), ImageFacts.Of(encoded, "a"));
        }
        Assert.Contains("b: not a jpg", Assert.Throws<ImageException>(() => ImageFacts.Of("text"u8, "b")).Message);
        Assert.Contains("c: the image cannot be decoded", Assert.Throws<ImageException>(() => ImageFacts.Of([0xFF, 0xD8, 0xFF, 1], "c")).Message);
    }
}
