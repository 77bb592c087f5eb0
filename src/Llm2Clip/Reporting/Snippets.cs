namespace Llm2Clip.Reporting;

/// <summary>
/// Lines of Python that open an exported model. Their names were read in huggingface/transformers 000f1ff (models/clip/modeling_clip.py,
/// models/auto/modeling_auto.py); those of onnxruntime are <c>InferenceSession</c> and its <c>run</c>.
/// </summary>
internal static class Snippets
{
    private const string Length1 = "features = features / features.norm(dim=-1, keepdim=True)\n";

    /// <summary>The lines.</summary>
    public static string Of(SnippetKind kind) => kind switch
    {
        SnippetKind.ClipVision => OfTransformers("CLIPVisionModelWithProjection", "image_embeds"),
        SnippetKind.Pooled => OfTransformers("AutoModel", "pooler_output"),
        SnippetKind.WholeClip => """
            import torch
            from PIL import Image
            from transformers import CLIPModel, CLIPProcessor

            processor, model = CLIPProcessor.from_pretrained("."), CLIPModel.from_pretrained(".").eval()
            image, texts = Image.open("photo.jpg").convert("RGB"), ["a photo of a dog", "a photo of a cat"]
            inputs = processor(text=texts, images=image, return_tensors="pt", padding=True)
            with torch.no_grad():
                print(model(**inputs).logits_per_image.softmax(dim=-1))

            """,
        _ => """
            import numpy
            import onnxruntime
            from PIL import Image
            from transformers import AutoImageProcessor

            processor = AutoImageProcessor.from_pretrained(".")
            session = onnxruntime.InferenceSession("image_encoder.onnx")
            pixels = processor(images=Image.open("photo.jpg").convert("RGB"), return_tensors="np")["pixel_values"]
            features = session.run(["image_embeds"], {"pixel_values": pixels.astype(numpy.float32)})[0]

            """,
    };

    private static string OfTransformers(string model, string output) => $"""
        import torch
        from PIL import Image
        from transformers import AutoImageProcessor, {model}

        processor, model = AutoImageProcessor.from_pretrained("."), {model}.from_pretrained(".").eval()
        image = Image.open("photo.jpg").convert("RGB")
        with torch.no_grad():
            features = model(**processor(images=image, return_tensors="pt")).{output}

        """ + Length1;
}
