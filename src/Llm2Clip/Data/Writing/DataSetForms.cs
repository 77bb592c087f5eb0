using Llm2Clip.Data.Parquet;
using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Data.Writing;

/// <summary>Finds the form by its name.</summary>
internal static class DataSetForms
{
    /// <summary>Throws <see cref="ConfigException"/> for a form that is not written.</summary>
    public static IDataSetForm Of(DataSetFormat format) => format switch
    {
        DataSetFormat.Webdataset => new ShardFileForm(".tar", path => new TarSampleWriter(path)),
        DataSetFormat.Folder => new PictureFolderForm(new JsonLinesForm()),
        DataSetFormat.Csv => new PictureFolderForm(new TableForm(',')),
        DataSetFormat.Tsv => new PictureFolderForm(new TableForm('\t')),
        DataSetFormat.Karpathy => new PictureFolderForm(new KarpathyForm()),
        DataSetFormat.Coco => new PictureFolderForm(new CocoForm()),
        DataSetFormat.Parquet => new ShardFileForm(".parquet", path => new ParquetSampleWriter(path)),
        _ => throw new ConfigException($"The form {format.ToString().ToLowerInvariant()} cannot be written."),
    };
}
