using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using TorchSharp;

namespace Llm2Clip.Pipeline;

/// <summary>
/// What an export writes: a student, of a run, a checkpoint or a model; a whole CLIP; or a vision tower alone. One of the three is set.
/// </summary>
internal sealed class ExportedModel : IDisposable
{
    private ExportedModel(string source, ImageTransformConfig transform) => (Source, Transform) = (source, transform);

    /// <summary>The folder or file as the user named it.</summary>
    public string Source { get; }

    /// <summary>How images become the encoder's input.</summary>
    public ImageTransformConfig Transform { get; }

    /// <summary>A student.</summary>
    public Student? Student { get; private init; }

    /// <summary>A whole CLIP.</summary>
    public ClipModel? Clip { get; private init; }

    /// <summary>A vision tower without a text side.</summary>
    public IImageEncoder? Tower { get; private init; }

    /// <summary>The image encoder of any of them.</summary>
    public IImageEncoder Encoder => Student?.ImageEncoder ?? Clip?.Vision ?? Tower!;

    /// <summary>Opens what a folder holds.</summary>
    /// <exception cref="InputException">It is no model, or a damaged one.</exception>
    public static ExportedModel Open(string source)
    {
        if (ClipModel.IsIn(source))
        {
            var clip = ClipModel.Load(source, torch.CPU);
            return new ExportedModel(source, clip.Transform) { Clip = clip };
        }
        if (File.Exists(ModelFolder.ConfigPath(source)) && !File.Exists(Path.Combine(source, StudentFolder.AdapterSettings)))
        {
            var transform = Preprocessor.FromFile(Path.Combine(source, Preprocessor.FileName));
            return new ExportedModel(source, transform) { Tower = ImageEncoders.Load(source, torch.CPU) };
        }
        var student = Student.Load(source, torch.CPU);
        return new ExportedModel(source, student.Transform) { Student = student };
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        Student?.Dispose();
        Clip?.Dispose();
        Tower?.Dispose();
    }

    /// <summary>Refuses to write over what is read.</summary>
    /// <exception cref="ConfigException">The output is the model's own folder.</exception>
    public static void RefuseOwn(string to, string source)
    {
        var own = ClipModel.FolderOf(source);
        var found = Directory.Exists(own) && !ClipModel.IsIn(source) && !File.Exists(ModelFolder.ConfigPath(own))
            ? StudentFolder.Find(own).Settings
            : own;
        if (new[] { own, found }.Any(path => Path.GetFullPath(path) == Path.GetFullPath(to)))
        {
            throw new ConfigException($"export.to is {to}, which is read for it. Name another folder.");
        }
    }
}
