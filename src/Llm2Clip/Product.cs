namespace Llm2Clip;

/// <summary>The program as results name it.</summary>
internal static class Product
{
    /// <summary>Its version, such as <c>0.1.0</c>.</summary>
    public static string Version { get; } = typeof(Product).Assembly.GetName().Version!.ToString(3);
}
