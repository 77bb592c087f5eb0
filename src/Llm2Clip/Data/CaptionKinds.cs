namespace Llm2Clip.Data;

/// <summary>Names of <see cref="CaptionKind"/> as data files write them.</summary>
internal static class CaptionKinds
{
    /// <summary>Reads a name; false where it is none.</summary>
    public static bool TryParse(string name, out CaptionKind kind)
    {
        kind = name switch { "long" => CaptionKind.Long, "raw" => CaptionKind.Raw, _ => CaptionKind.Short };
        return name is "short" or "long" or "raw";
    }

    /// <summary>The name that <see cref="TryParse"/> reads.</summary>
    public static string Name(CaptionKind kind) => kind switch { CaptionKind.Long => "long", CaptionKind.Raw => "raw", _ => "short" };
}
