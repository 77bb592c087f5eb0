using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Llm2Clip.Files;

namespace Llm2Clip.Evaluation;

/// <summary>How results are written as JSON: as <see cref="Json.Report"/> has it, with recall in percent and its unit beside it.</summary>
internal static class RecallJson
{
    /// <summary>The options.</summary>
    public static readonly JsonSerializerOptions Options = new(Json.Report) { Converters = { new InPercent() } };

    /// <summary>Writes <see cref="RecallNumbers"/>, which count in shares; never reads them.</summary>
    private sealed class InPercent : JsonConverter<RecallNumbers>
    {
        public override RecallNumbers Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Results are not read again.");

        public override void Write(Utf8JsonWriter writer, RecallNumbers value, JsonSerializerOptions options)
        {
            var json = new JsonObject
            {
                ["unit"] = "percent",
                ["queries"] = value.Queries,
                ["candidates"] = value.Candidates,
                ["recall_at1"] = Percent(value.RecallAt1),
                ["recall_at5"] = Percent(value.RecallAt5),
                ["recall_at10"] = Percent(value.RecallAt10),
                ["median_rank"] = value.MedianRank,
                ["chance"] = new JsonArray([.. value.Chance.Select(share => (JsonNode)Percent(share))]),
                ["intervals"] = new JsonArray([.. value.Intervals.Select(interval =>
                    (JsonNode)new JsonObject { ["low"] = Percent(interval.Low), ["high"] = Percent(interval.High) })]),
            };
            json.WriteTo(writer, options);
        }

        /// <summary>Rounded far below what any number of queries tells apart.</summary>
        private static double Percent(double share) => Math.Round(100 * share, 6);
    }
}
