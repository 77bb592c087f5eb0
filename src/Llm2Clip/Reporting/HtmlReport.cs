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

    private readonly StringBuilder _body = new();

    /// <summary>Adds a paragraph of plain text.</summary>
    public HtmlReport Paragraph(string text)
    {
        _body.Append(CultureInfo.InvariantCulture, $"<p>{Encode(text)}</p>\n");
        return this;
    }

    /// <summary>Adds a heading.</summary>
    public HtmlReport Heading(string text)
    {
        _body.Append(CultureInfo.InvariantCulture, $"<h2>{Encode(text)}</h2>\n");
        return this;
    }

    /// <summary>Adds a heading below <see cref="Heading"/>.</summary>
    public HtmlReport Subheading(string text)
    {
        _body.Append(CultureInfo.InvariantCulture, $"<h3>{Encode(text)}</h3>\n");
        return this;
    }

    /// <summary>Adds a remark in small print.</summary>
    public HtmlReport Note(string text)
    {
        _body.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">{Encode(text)}</p>\n");
        return this;
    }

    /// <summary>Adds charts side by side; <see cref="LineChart"/> and <see cref="BarChart"/> make them.</summary>
    public HtmlReport Charts(IEnumerable<string> charts)
    {
        _body.Append("<div class=\"charts\">").AppendJoin("", charts).Append("</div>\n");
        return this;
    }

    /// <summary>Adds an image (JPEG) as wide as the page allows.</summary>
    public HtmlReport Image(string description, byte[] jpeg)
    {
        _body.Append(CultureInfo.InvariantCulture, $"<img class=\"wide\" alt=\"{Encode(description)}\" src=\"{DataUri(jpeg)}\"/>\n");
        return this;
    }

    /// <summary>Adds pairs of images (JPEG), each with its names below and a title on top.</summary>
    public HtmlReport Pairs(IEnumerable<(string Title, (string Name, byte[] Jpeg) First, (string Name, byte[] Jpeg) Second)> pairs)
    {
        _body.Append("<div class=\"pairs\">");
        foreach (var (title, first, second) in pairs)
        {
            _body.Append(CultureInfo.InvariantCulture, $"<div class=\"pair\"><p>{Encode(title)}</p><div>");
            foreach (var (name, jpeg) in new[] { first, second })
            {
                _body.Append(CultureInfo.InvariantCulture, $"<figure><img alt=\"{Encode(name)}\" src=\"{DataUri(jpeg)}\"/>");
                _body.Append(CultureInfo.InvariantCulture, $"<figcaption>{Encode(name)}</figcaption></figure>");
            }
            _body.Append("</div></div>");
        }
        _body.Append("</div>\n");
        return this;
    }

    /// <summary>Adds images (WebP) in rows of one height, each with a link where it has one, and lines below it.</summary>
    public HtmlReport Photos(IEnumerable<PagePhoto> photos)
    {
        _body.Append("<div class=\"photos\">");
        foreach (var photo in photos)
        {
            var image = $"<img alt=\"{Encode(photo.Name)}\" src=\"data:image/webp;base64,{Convert.ToBase64String(photo.Webp)}\"/>";
            var linked = photo.File is { } file ? $"<a href=\"{Encode(new Uri(Path.GetFullPath(file)).AbsoluteUri)}\">{image}</a>" : image;
            _body.Append(CultureInfo.InvariantCulture, $"<figure title=\"{Encode(photo.Name)}\">{linked}<figcaption>")
                .AppendJoin("<br>", photo.Lines.Select(Encode)).Append("</figcaption></figure>");
        }
        _body.Append("</div>\n");
        return this;
    }

    /// <summary>Adds pre-formatted text, such as the effective configuration, folded away under <paramref name="summary"/>.</summary>
    public HtmlReport Details(string summary, string text)
    {
        _body.Append(CultureInfo.InvariantCulture, $"<details><summary>{Encode(summary)}</summary>");
        _body.Append(CultureInfo.InvariantCulture, $"<pre>{Encode(text)}</pre></details>\n");
        return this;
    }

    /// <summary>Adds names with a text each: what was run, on what.</summary>
    public HtmlReport Facts(IEnumerable<(string Name, string Text)> facts)
    {
        _body.Append("<div class=\"scroll\"><table class=\"facts\">\n");
        foreach (var (name, text) in facts)
        {
            _body.Append(CultureInfo.InvariantCulture, $"<tr><th class=\"name\">{Encode(name)}</th>");
            _body.Append(CultureInfo.InvariantCulture, $"<td class=\"name\">{Encode(text)}</td></tr>\n");
        }
        _body.Append("</table></div>\n");
        return this;
    }

    /// <summary>
    /// Adds a plain table; the first row is its head, and the first <paramref name="labels"/> columns are texts rather than numbers.
    /// </summary>
    public HtmlReport Table(IReadOnlyList<IReadOnlyList<string>> rows, int labels = 1)
    {
        _body.Append("<div class=\"scroll\"><table>\n");
        for (var i = 0; i < rows.Count; i++)
        {
            var cell = i == 0 ? "th" : "td";
            var cells = rows[i].Select((text, column) =>
                $"<{cell}{(column < labels ? " class=\"name\"" : "")}>{Encode(text)}</{cell}>");
            _body.Append("<tr>").AppendJoin("", cells).Append("</tr>\n");
        }
        _body.Append("</table></div>\n");
        return this;
    }

    /// <summary>Adds the recall table of a retrieval report with its protocol, intervals and notes.</summary>
    public HtmlReport Recall(RetrievalReport report)
    {
        const string Depths = "<th>R@1</th><th>R@5</th><th>R@10</th><th>median rank</th>";
        _body.Append("<div class=\"scroll\"><table class=\"recall\"><tr><th rowspan=\"2\">captions</th><th rowspan=\"2\">mean</th>"
            + "<th colspan=\"4\">text to image</th><th colspan=\"4\">image to text</th>");
        _body.Append(CultureInfo.InvariantCulture, $"<th rowspan=\"2\">R@10, share of {Encode(report.ReferenceLanguage)}</th></tr>");
        _body.Append(CultureInfo.InvariantCulture, $"<tr>{Depths}{Depths}</tr>\n");
        foreach (var row in report.Rows)
        {
            _body.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"name\">{Encode(row.Language)}</td>");
            _body.Append(CultureInfo.InvariantCulture, $"<td class=\"name\">{Encode(row.Name)}</td>");
            Numbers(row.TextToImage);
            Numbers(row.ImageToText);
            var share = row.ShareOfReference is { } part ? RetrievalReport.Percent(part) + " %" : "";
            _body.Append(CultureInfo.InvariantCulture, $"<td>{share}</td></tr>\n");
        }
        if (report.Rows.Count > 0)
        {
            _body.Append("<tr class=\"chance\"><td class=\"name\">chance</td><td></td>");
            Chance(report.Rows[0].TextToImage);
            Chance(report.Rows[0].ImageToText);
            _body.Append("<td></td></tr>\n");
        }
        _body.Append("</table></div>\n");
        Note($"Recall in percent of the queries, with its 95 % interval, among {report.Images} images of {report.Data}.");
        if (report.HasTeacher)
        {
            Note(RetrievalReport.MeansNote);
        }
        foreach (var note in report.Notes)
        {
            Note(note);
        }
        return Note($"Protocol: {report.Protocol}.");
    }

    /// <summary>Adds the queries with the images they found; the right ones are framed.</summary>
    public HtmlReport Gallery(IReadOnlyList<ShownQuery> queries)
    {
        foreach (var language in queries.GroupBy(query => query.Language))
        {
            Subheading(language.Key);
            foreach (var query in language)
            {
                _body.Append("<div class=\"query\">");
                _body.Append(CultureInfo.InvariantCulture, $"<p lang=\"{Encode(query.Language)}\">{Encode(query.Text)} ");
                _body.Append(CultureInfo.InvariantCulture, $"<span class=\"rank\">its own image is at rank {query.Rank}</span></p>");
                _body.Append("<div class=\"hits\">").AppendJoin("", query.Hits.Select(Hit)).Append("</div></div>\n");
            }
        }
        return this;
    }

    /// <summary>The whole page.</summary>
    public string Render() =>
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        + "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        + $"<title>{Encode(title)}</title><style>{Style}</style></head>\n<body><h1>{Encode(title)}</h1>\n{_body}</body></html>\n";

    /// <summary>Writes the page, whole or not at all.</summary>
    public void Write(string path) => PendingFile.Write(path, Render());

    /// <summary>An image that a query found: its file opens where it is one of its own, the whole place shows as a tooltip.</summary>
    private static string Hit(ShownHit hit)
    {
        var image = $"<img alt=\"{Encode(hit.Key)}\" src=\"{DataUri(hit.Jpeg)}\"/>";
        if (hit.File is { } file)
        {
            image = $"<a href=\"{Encode(new Uri(Path.GetFullPath(file)).AbsoluteUri)}\">{image}</a>";
        }
        var score = hit.Score.ToString("F3", CultureInfo.InvariantCulture);
        return $"<figure class=\"{(hit.IsOwn ? "own" : "other")}\" title=\"{Encode(hit.Origin)}\">{image}"
            + $"<figcaption>{(hit.IsOwn ? "✓ " : "")}{Encode(hit.Key)}<br>{score}</figcaption></figure>";
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private static string DataUri(byte[] jpeg) => $"data:image/jpeg;base64,{Convert.ToBase64String(jpeg)}";

    private void Numbers(RecallNumbers numbers)
    {
        for (var i = 0; i < numbers.Recalls.Length; i++)
        {
            var interval = "";
            if (numbers.Intervals.Length > i)
            {
                var (low, high) = (numbers.Intervals[i].Low, numbers.Intervals[i].High);
                interval = $"<small>{RetrievalReport.Percent(low)}–{RetrievalReport.Percent(high)}</small>";
            }
            _body.Append(CultureInfo.InvariantCulture, $"<td>{RetrievalReport.Percent(numbers.Recalls[i])}{interval}</td>");
        }
        _body.Append(CultureInfo.InvariantCulture, $"<td>{numbers.MedianRank:0.#}</td>");
    }

    private void Chance(RecallNumbers numbers)
    {
        foreach (var chance in numbers.Chance)
        {
            _body.Append(CultureInfo.InvariantCulture, $"<td>{RetrievalReport.Percent(chance)}</td>");
        }
        _body.Append("<td></td>");
    }

    private static string ReadStyle()
    {
        using var css = new StreamReader(typeof(HtmlReport).Assembly.GetManifestResourceStream("report.css")!);
        return css.ReadToEnd().TrimEnd();
    }
}

/// <summary>An image of a page: what it is called, its bytes (WebP), the file that opens where it is clicked, and the lines below it.
/// </summary>
internal sealed record PagePhoto(string Name, byte[] Webp, string? File, IReadOnlyList<string> Lines);
