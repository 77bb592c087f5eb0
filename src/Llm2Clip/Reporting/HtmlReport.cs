using System.Globalization;
using System.Net;
using System.Text;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;

namespace Llm2Clip.Reporting;

/// <summary>
/// The self-contained <c>report.html</c>: recall tables, curves of the runs and retrieved images, with styles, charts and
/// images inside the one file, so that it can be mailed or archived as it is.
/// </summary>
internal sealed class HtmlReport(string title)
{
    private static readonly string Style = ReadStyle();

    private readonly StringBuilder body = new();

    /// <summary>Adds a paragraph of plain text.</summary>
    public HtmlReport Paragraph(string text)
    {
        body.Append(CultureInfo.InvariantCulture, $"<p>{Encode(text)}</p>\n");
        return this;
    }

    /// <summary>Adds a heading.</summary>
    public HtmlReport Heading(string text)
    {
        body.Append(CultureInfo.InvariantCulture, $"<h2>{Encode(text)}</h2>\n");
        return this;
    }

    /// <summary>Adds a heading below <see cref="Heading"/>.</summary>
    public HtmlReport Subheading(string text)
    {
        body.Append(CultureInfo.InvariantCulture, $"<h3>{Encode(text)}</h3>\n");
        return this;
    }

    /// <summary>Adds a remark in small print.</summary>
    public HtmlReport Note(string text)
    {
        body.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">{Encode(text)}</p>\n");
        return this;
    }

    /// <summary>Adds charts side by side; <see cref="LineChart"/> and <see cref="BarChart"/> make them.</summary>
    public HtmlReport Charts(IEnumerable<string> charts)
    {
        body.Append("<div class=\"charts\">").AppendJoin("", charts).Append("</div>\n");
        return this;
    }

    /// <summary>Adds an image (JPEG) as wide as the page allows.</summary>
    public HtmlReport Image(string description, byte[] jpeg)
    {
        body.Append(CultureInfo.InvariantCulture, $"<img class=\"wide\" alt=\"{Encode(description)}\" src=\"{DataUri(jpeg)}\"/>\n");
        return this;
    }

    /// <summary>Adds pairs of images (JPEG), each with its names below and a title on top.</summary>
    public HtmlReport Pairs(IEnumerable<(string Title, (string Name, byte[] Jpeg) First, (string Name, byte[] Jpeg) Second)> pairs)
    {
        body.Append("<div class=\"pairs\">");
        foreach (var (title, first, second) in pairs)
        {
            body.Append(CultureInfo.InvariantCulture, $"<div class=\"pair\"><p>{Encode(title)}</p><div>");
            foreach (var (name, jpeg) in new[] { first, second })
            {
                body.Append(CultureInfo.InvariantCulture, $"<figure><img alt=\"{Encode(name)}\" src=\"{DataUri(jpeg)}\"/><figcaption>{Encode(name)}</figcaption></figure>");
            }
            body.Append("</div></div>");
        }
        body.Append("</div>\n");
        return this;
    }

    /// <summary>Adds pre-formatted text, such as the effective configuration, folded away under <paramref name="summary"/>.</summary>
    public HtmlReport Details(string summary, string text)
    {
        body.Append(CultureInfo.InvariantCulture, $"<details><summary>{Encode(summary)}</summary><pre>{Encode(text)}</pre></details>\n");
        return this;
    }

    /// <summary>Adds a plain table; the first row is its head, and the first <paramref name="labels"/> columns are texts rather than numbers.</summary>
    public HtmlReport Table(IReadOnlyList<IReadOnlyList<string>> rows, int labels = 1)
    {
        body.Append("<div class=\"scroll\"><table>\n");
        for (var i = 0; i < rows.Count; i++)
        {
            var cell = i == 0 ? "th" : "td";
            body.Append("<tr>").AppendJoin("", rows[i].Select((text, column) => $"<{cell}{(column < labels ? " class=\"name\"" : "")}>{Encode(text)}</{cell}>")).Append("</tr>\n");
        }
        body.Append("</table></div>\n");
        return this;
    }

    /// <summary>Adds the recall table of a retrieval report with its protocol, intervals and notes.</summary>
    public HtmlReport Recall(RetrievalReport report)
    {
        body.Append("<div class=\"scroll\"><table class=\"recall\"><tr><th rowspan=\"2\">captions</th><th rowspan=\"2\">mean taken out</th>"
            + "<th colspan=\"4\">text to image</th><th colspan=\"4\">image to text</th>");
        body.Append(CultureInfo.InvariantCulture, $"<th rowspan=\"2\">share of {Encode(report.ReferenceLanguage)}</th></tr>");
        body.Append("<tr><th>R@1</th><th>R@5</th><th>R@10</th><th>median</th><th>R@1</th><th>R@5</th><th>R@10</th><th>median</th></tr>\n");
        foreach (var row in report.Rows)
        {
            body.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"name\">{Encode(row.Language)}</td><td class=\"name\">{Encode(row.Centering)}</td>");
            Numbers(row.TextToImage);
            Numbers(row.ImageToText);
            body.Append(CultureInfo.InvariantCulture, $"<td>{(row.ShareOfReference is { } share ? RetrievalReport.Percent(share) + " %" : "")}</td></tr>\n");
        }
        if (report.Rows.Count > 0)
        {
            body.Append("<tr class=\"chance\"><td class=\"name\">chance</td><td></td>");
            Chance(report.Rows[0].TextToImage);
            Chance(report.Rows[0].ImageToText);
            body.Append("<td></td></tr>\n");
        }
        body.Append(CultureInfo.InvariantCulture, $"</table></div>\n<p class=\"note\">{report.Images} candidate images from {Encode(report.Data)}. Recall in percent. {Encode(report.Protocol)}.</p>\n");
        foreach (var note in report.Notes)
        {
            Note(note);
        }
        return this;
    }

    /// <summary>Adds charts of a run's metrics: tags of three parts that share the first two stand in one chart.</summary>
    public HtmlReport Curves(IReadOnlyDictionary<string, IReadOnlyList<MetricPoint>> metrics, string stepName = "step")
    {
        var groups = metrics.GroupBy(pair => ChartOf(pair.Key), StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal);
        return Charts(groups.Select(group => LineChart.Render(group.Key, stepName, [.. group.Select(pair => new ChartSeries(pair.Key[(pair.Key.LastIndexOf('/') + 1)..], pair.Value))])));
    }

    /// <summary>Adds the queries with the images they found; the right ones are framed.</summary>
    public HtmlReport Gallery(IReadOnlyList<ShownQuery> queries)
    {
        foreach (var language in queries.GroupBy(query => query.Language))
        {
            Subheading(language.Key);
            foreach (var query in language)
            {
                body.Append(CultureInfo.InvariantCulture, $"<div class=\"query\"><p lang=\"{Encode(query.Language)}\">{Encode(query.Text)} <span class=\"rank\">own image at rank {query.Rank}</span></p><div class=\"hits\">");
                foreach (var hit in query.Hits)
                {
                    body.Append(CultureInfo.InvariantCulture,
                        $"<figure class=\"{(hit.IsOwn ? "own" : "other")}\"><img alt=\"{Encode(hit.Key)}\" src=\"{DataUri(hit.Jpeg)}\"/><figcaption>{(hit.IsOwn ? "✓ " : "")}{hit.Score:F3}</figcaption></figure>");
                }
                body.Append("</div></div>\n");
            }
        }
        return this;
    }

    /// <summary>The whole page.</summary>
    public string Render() =>
        $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{Encode(title)}</title><style>{Style}</style></head>\n<body><h1>{Encode(title)}</h1>\n{body}</body></html>\n";

    /// <summary>Writes the page, whole or not at all.</summary>
    public void Write(string path) => PendingFile.Write(path, Render());

    // "val/en text to image/R@1" shares a chart with its other depths; "train/loss" and "train/lr" differ by orders of magnitude and do not.
    private static string ChartOf(string tag) => tag.Count(c => c == '/') > 1 ? tag[..tag.LastIndexOf('/')] : tag;

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private static string DataUri(byte[] jpeg) => $"data:image/jpeg;base64,{Convert.ToBase64String(jpeg)}";

    private void Numbers(RecallNumbers numbers)
    {
        for (var i = 0; i < numbers.Recalls.Length; i++)
        {
            var interval = numbers.Intervals.Length > i
                ? $"<small>{RetrievalReport.Percent(numbers.Intervals[i].Low)}–{RetrievalReport.Percent(numbers.Intervals[i].High)}</small>"
                : "";
            body.Append(CultureInfo.InvariantCulture, $"<td>{RetrievalReport.Percent(numbers.Recalls[i])}{interval}</td>");
        }
        body.Append(CultureInfo.InvariantCulture, $"<td>{numbers.MedianRank:0.#}</td>");
    }

    private void Chance(RecallNumbers numbers)
    {
        foreach (var chance in numbers.Chance)
        {
            body.Append(CultureInfo.InvariantCulture, $"<td>{RetrievalReport.Percent(chance)}</td>");
        }
        body.Append("<td></td>");
    }

    private static string ReadStyle()
    {
        using var css = new StreamReader(typeof(HtmlReport).Assembly.GetManifestResourceStream("report.css")!);
        return css.ReadToEnd().TrimEnd();
    }
}
