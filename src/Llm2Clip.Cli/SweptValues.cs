namespace Llm2Clip.Cli;

/// <summary>The values of a swept key: <c>a=1,2</c>.</summary>
internal static class SweptValues
{
    /// <summary>
    /// The values behind the first <c>=</c>, cut at commas that are in no brackets, braces or quotes: those belong to one value, as in
    /// <c>clip_train.captions=[{language: en}, {language: de}]</c> or <c>data.train="{a,b}.tar"</c>. Empty without a <c>=</c>.
    /// </summary>
    public static IReadOnlyList<string> Split(string assignment)
    {
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            return [];
        }
        var values = new List<string>();
        var (start, depth, quote) = (equals + 1, 0, '\0');
        for (var i = start; i < assignment.Length; i++)
        {
            var letter = assignment[i];
            if (quote != '\0')
            {
                quote = letter == quote ? '\0' : quote;
            }
            else if (letter is '\'' or '"')
            {
                quote = letter;
            }
            else if (letter is '[' or '{' or ']' or '}')
            {
                depth += letter is '[' or '{' ? 1 : -1;
            }
            else if (letter == ',' && depth == 0)
            {
                values.Add(assignment[start..i].Trim());
                start = i + 1;
            }
        }
        values.Add(assignment[start..].Trim());
        return values;
    }
}
