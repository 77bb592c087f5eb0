namespace Llm2Clip.Data;

/// <summary>The formats of data sets, as run files name them; <see cref="DatasetFormats"/> says how each is read and written.</summary>
public enum DatasetFormat
{
    /// <summary>Found by file name, or by content for JSON files.</summary>
    Auto,

    /// <summary>WebDataset tars.</summary>
    Webdataset,

    /// <summary>Parquet files with images inside.</summary>
    Parquet,

    /// <summary>Images with a JSONL list.</summary>
    Folder,

    /// <summary>Images with a comma-separated list.</summary>
    Csv,

    /// <summary>Images with a tab-separated list.</summary>
    Tsv,

    /// <summary>Images with Karpathy's JSON.</summary>
    Karpathy,

    /// <summary>Images with COCO caption JSON.</summary>
    Coco,

    /// <summary>Images with ShareGPT4V's conversations.</summary>
    Sharegpt4v,

    /// <summary>Chinese-CLIP's pairs of files.</summary>
    ChineseClip,

    /// <summary>Crossmodal-3600's captions.</summary>
    Crossmodal3600,

    /// <summary>Flickr8k's and Flickr30k's own caption files.</summary>
    FlickrToken,

    /// <summary>A folder of images with text files.</summary>
    TextFiles,

    /// <summary>A folder of images without captions.</summary>
    Images,
}
