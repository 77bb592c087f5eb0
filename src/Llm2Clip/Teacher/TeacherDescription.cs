using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Teachers;

/// <summary>
/// What determines a teacher's vectors, in words: the model, its LoRA, every setting by its key in the run file, and the adapter. Equal
/// fingerprints have equal descriptions.
/// </summary>
internal static class TeacherDescription
{
    private const string Model = "model";
    private const string Lora = "LoRA";
    private const string None = "none";
    private const string Adapter = "adapter";

    /// <summary>Names and values, the model first.</summary>
    public static IReadOnlyDictionary<string, string> Of(TeacherModel? model, TeacherSettings settings, CcAdapter? adapter)
    {
        var facts = new Dictionary<string, string>();
        if (model is not null)
        {
            facts.Add(Model, $"{Path.GetFileName(model.Path)}, SHA-256 {Fingerprints.Short(model.Sha256)}");
            facts.Add(Lora, model.Lora is { } lora ? $"{Path.GetFileName(lora.Path)}, SHA-256 {Fingerprints.Short(lora.Sha256)}" : None);
        }
        foreach (var key in ConfigSchema.Of(typeof(TeacherSettings)).Keys)
        {
            facts.Add(key.Name, Text(key.Property.GetValue(settings)));
        }
        facts.Add(Adapter, adapter is not null
            ? $"{Fingerprints.Short(adapter.Fingerprint)}, centering {ConfigSchema.SnakeCase(adapter.Config.Centering.ToString())}"
            : None);
        return facts;
    }

    /// <summary>Where two descriptions differ, as the end of a message; empty where they do not, or nothing is known of one.</summary>
    public static string Difference(IReadOnlyDictionary<string, string> there, IReadOnlyDictionary<string, string> here)
    {
        // A setting that a description of an older version lacks was what is now its default.
        var defaults = Of(null, new TeacherSettings(), null);
        var differing =
            from name in here.Keys
            let value = there.GetValueOrDefault(name)
                ?? (name == Adapter ? null : name == Lora ? None : defaults.GetValueOrDefault(name))
            where value is not null && value != here[name]
            let key = name is Model or Lora or Adapter ? name : "teacher." + name
            select $"{key} is {value} there and {here[name]} here";
        return string.Join("; ", differing);
    }

    private static string Text(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        Enum choice => ConfigSchema.SnakeCase(choice.ToString()),
        string text => $"'{text}'",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
