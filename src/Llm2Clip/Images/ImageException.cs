namespace Llm2Clip.Images;

/// <summary>Why an image cannot be used.</summary>
public enum ImageProblem
{
    /// <summary>It has no bytes.</summary>
    Empty,

    /// <summary>Its bytes are of no format that is read.</summary>
    NotAnImage,

    /// <summary>It declares more pixels than are allowed.</summary>
    TooLarge,

    /// <summary>It is cut short or damaged.</summary>
    Damaged,
}

/// <summary>An image that cannot be used (exit code 3 where it ends the run).</summary>
public sealed class ImageException(string message, ImageProblem problem, Exception? inner = null) : InputException(message, inner)
{
    /// <summary>Why.</summary>
    public ImageProblem Problem { get; } = problem;
}
