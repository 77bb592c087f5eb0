namespace Llm2Clip.Data.Writing;

/// <summary>The forms that a data set is written in.</summary>
public enum DataSetFormat
{
    /// <summary>WebDataset tars.</summary>
    Webdataset,

    /// <summary>Pictures with a JSONL list.</summary>
    Folder,

    /// <summary>Pictures with a comma-separated list.</summary>
    Csv,

    /// <summary>Pictures with a tab-separated list.</summary>
    Tsv,

    /// <summary>Pictures with Karpathy's JSON.</summary>
    Karpathy,

    /// <summary>Pictures with COCO caption JSON.</summary>
    Coco,

    /// <summary>Parquet files with pictures inside.</summary>
    Parquet,
}
