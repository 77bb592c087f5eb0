using System.Text;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>Tables of results as text for other programs.</summary>
internal static class TableText
{
    /// <summary>Characters that LaTeX takes for its own, with what stands for them.</summary>
    private static readonly Dictionary<char, string> LatexEscapes = new()
    {
        ['\\'] = @"\textbackslash{}", ['{'] = @"\{", ['}'] = @"\}", ['&'] = @"\&", ['%'] = @"\%", ['$'] = @"\$", ['#'] = @"\#",
        ['_'] = @"\_", ['~'] = @"\textasciitilde{}", ['^'] = @"\textasciicircum{}",
    };

    /// <summary>GitHub's Markdown: names on the left, numbers on the right.</summary>
    public static string Markdown(IEnumerable<ResultTable> tables)
    {
        var text = new StringBuilder();
        foreach (var table in tables)
        {
            text.Append(text.Length > 0 ? "\n" : "").Append("### ").Append(Plain(table.Title)).Append("\n\n");
            AppendRow(table.Columns.Select(Plain));
            AppendRow(table.Columns.Select((_, i) => i < table.Labels ? "---" : "---:"));
            foreach (var row in table.Rows)
            {
                AppendRow(row.Select(cell => Plain(cell.Text) + (cell.Spread is { } spread ? $" ± {spread}" : "")));
            }
            foreach (var note in table.Notes)
            {
                text.Append('\n').Append(Plain(note)).Append('\n');
            }
        }
        return text.ToString();

        void AppendRow(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

        static string Plain(string text) =>
            text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
    }

    /// <summary>LaTeX with the rules of the package booktabs; a table each, its title as the caption.</summary>
    public static string Latex(IEnumerable<ResultTable> tables)
    {
        var text = new StringBuilder("% needs \\usepackage{booktabs}\n");
        foreach (var table in tables)
        {
            var columns = string.Concat(table.Columns.Select((_, i) => i < table.Labels ? 'l' : 'r'));
            text.Append("\\begin{table}\n\\centering\n\\caption{").Append(Escaped(table.Title)).Append("}\n");
            text.Append("\\begin{tabular}{").Append(columns).Append("}\n\\toprule\n");
            AppendRow(table.Columns.Select(Escaped));
            text.Append("\\midrule\n");
            foreach (var row in table.Rows)
            {
                AppendRow(row.Select((cell, i) => cell.Spread is { } spread ? $"${cell.Text} \\pm {spread}$"
                    : i >= table.Labels && cell.Text.StartsWith('-') ? $"${cell.Text}$" : Escaped(cell.Text)));
            }
            text.Append("\\bottomrule\n\\end{tabular}\n\\end{table}\n");
            foreach (var note in table.Notes)
            {
                text.Append("% ").Append(note.ReplaceLineEndings(" ")).Append('\n');
            }
        }
        return text.ToString();

        void AppendRow(IEnumerable<string> cells) => text.AppendJoin(" & ", cells).Append(" \\\\\n");

        static string Escaped(string text) =>
            string.Concat(text.ReplaceLineEndings(" ").Select(letter => LatexEscapes.GetValueOrDefault(letter, letter.ToString())));
    }

    /// <summary>
    /// Comma-separated values of one table (RFC 4180, but with plain line feeds). A column with deviations is followed by one that holds
    /// them; notes are left out.
    /// </summary>
    public static string Csv(ResultTable table)
    {
        var spread = table.Columns.Select((_, i) => table.Rows.Any(row => row[i].Spread is not null)).ToArray();
        var text = new StringBuilder();
        AppendRow(table.Columns.SelectMany((name, i) => spread[i] ? [name, name + " deviation"] : new[] { name }));
        foreach (var row in table.Rows)
        {
            AppendRow(row.SelectMany((cell, i) => spread[i] ? [cell.Text, cell.Spread ?? ""] : new[] { cell.Text }));
        }
        return text.ToString();

        void AppendRow(IEnumerable<string> cells) => text.AppendJoin(',', cells.Select(Quoted)).Append('\n');

        static string Quoted(string text) => text.AsSpan().IndexOfAny(",\"\n\r") < 0
            ? text
            : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
