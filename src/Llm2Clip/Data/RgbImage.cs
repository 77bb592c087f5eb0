namespace Llm2Clip.Data;

/// <summary>A decoded picture: <paramref name="Pixels"/> is [Height, Width, 3], RGB, uint8, row-major.</summary>
public sealed record RgbImage(int Width, int Height, byte[] Pixels);
