using System.CommandLine;
using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>data store</c>: looks after embedding stores, and takes them to and from Parquet.</summary>
internal static class StoreCommands
{
    /// <summary>The group of commands.</summary>
    public static Command Group(CliHost host) => new("store", "Looks after embedding stores.")
    {
        new VerifyCommand(host),
        new RepairCommand(host),
        new ExportCommand(host),
        new ImportCommand(host),
    };

    private static Argument<string> Folder() => new("FOLDER") { Description = "The embedding store." };

    private sealed class VerifyCommand : Command, IHasExample
    {
        public VerifyCommand(CliHost host)
            : base("verify", "Compares every file of a store with its checksum, and names those that are damaged (exit code 3).")
        {
            var folder = Folder();
            Add(folder);
            SetAction(parsed =>
            {
                var name = parsed.GetRequiredValue(folder);
                var problems = EmbeddingStoreRecovery.Verify(name);
                if (problems.Count > 0)
                {
                    throw new InputException(
                        $"{name} is damaged: {string.Join("; ", problems)}. `llm2clip data store repair {name}` keeps what is sound; then "
                        + "extract again.");
                }
                using var store = EmbeddingStore.Open(name);
                host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{name}: {store.Count:N0} vectors of {store.Dimension} ({store.Type.ToString().ToLowerInvariant()}), "
                    + $"teacher {store.Fingerprint}; all checksums hold."));
                return 0;
            });
        }

        public string Example => "llm2clip data store verify runs/quickstart/vectors";
    }

    private sealed class RepairCommand : Command, IHasExample
    {
        public RepairCommand(CliHost host)
            : base("repair", "Keeps what is sound in a damaged store and rebuilds its index; `extract` computes what was lost again.")
        {
            var folder = Folder();
            Add(folder);
            SetAction(parsed =>
            {
                var (lost, kept) = EmbeddingStoreRecovery.Repair(parsed.GetRequiredValue(folder));
                host.Output.WriteLine(FormattableString.Invariant($"{lost:N0} vectors lost, {kept:N0} kept."));
                return 0;
            });
        }

        public string Example => "llm2clip data store repair runs/quickstart/vectors";
    }

    private sealed class ExportCommand : Command, IHasExample
    {
        public ExportCommand(CliHost host)
            : base("export", "Writes a store as Parquet: hash, vector, teacher and, with --data, text.")
        {
            var folder = Folder();
            var to = new Option<string>("--to")
            {
                Description = "A file ending in .parquet, or a folder that gets files of 100,000 rows.",
                HelpName = "PATH",
                Required = true,
            };
            var data = new Option<string?>("--data")
            {
                Description = "Data whose captions fill the text column; a store keeps no texts.",
                HelpName = "PATTERN",
            };
            Add(folder);
            Add(to);
            Add(data);
            SetAction(parsed =>
            {
                using var store = EmbeddingStore.Open(parsed.GetRequiredValue(folder));
                var config = new DataConfig();
                var texts = parsed.GetValue(data) is { } pattern
                    ? CaptionStream.Of(
                            Datasets.Open(pattern, config, SilentLog.Instance), config, [], [], SilentLog.Instance, host.Cancellation)
                        .SelectMany(group => group.Captions).Select(c => c.Text)
                    : null;
                var rows = EmbeddingStoreParquet.Export(store, parsed.GetRequiredValue(to), texts);
                host.Output.WriteLine(FormattableString.Invariant($"{rows:N0} rows written to {parsed.GetValue(to)}."));
                return 0;
            });
        }

        public string Example => "llm2clip data store export runs/quickstart/vectors --to runs/vectors.parquet";
    }

    private sealed class ImportCommand : Command, IHasExample
    {
        public ImportCommand(CliHost host)
            : base("import",
                "Adds the rows of Parquet files (vector, and text or hash), or LLM2CLIP's own X_text_embeddings.tar, to a store, or makes "
                + "one of them.")
        {
            var folder = Folder();
            var from = new Option<string[]>("--from")
            {
                Description = "Parquet files, or tars X_text_embeddings.tar with their X.tar beside them.",
                HelpName = "FILE",
                Required = true,
                AllowMultipleArgumentsPerToken = true,
            };
            var fingerprint = new Option<string?>("--fingerprint")
            {
                Description = "Fingerprint of the teacher, where the files have no `teacher` column.",
                HelpName = "HEX",
            };
            var data = new Option<string?>("--data")
            {
                Description = "Folder of the data tars X.tar, where they do not lie beside the X_text_embeddings.tar.",
                HelpName = "FOLDER",
            };
            var dtype = new Option<VectorType>("--dtype")
            {
                Description = "fp16 or fp32, for a new store.",
                DefaultValueFactory = _ => VectorType.Fp16,
            };
            Add(folder);
            Add(from);
            Add(fingerprint);
            Add(data);
            Add(dtype);
            SetAction(parsed =>
            {
                var name = parsed.GetRequiredValue(folder);
                var files = parsed.GetRequiredValue(from).SelectMany(ShardPattern.Expand).ToList();
                using var log = host.OpenLog();
                var added = files.TrueForAll(TextEmbeddingTars.Is)
                    ? TextEmbeddingTars.Import(files, parsed.GetValue(data), name, parsed.GetValue(fingerprint), parsed.GetValue(dtype),
                        log)
                    : EmbeddingStoreParquet.Import(files, name, parsed.GetValue(fingerprint), parsed.GetValue(dtype));
                host.Output.WriteLine(FormattableString.Invariant($"{added:N0} vectors added to {name}."));
                return 0;
            });
        }

        public string Example => "llm2clip data store import runs/imported --from runs/vectors.parquet";
    }
}
