using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary><c>/api/status</c> and <c>/api/facets</c>: what is served, and what it can be filtered by.</summary>
internal sealed class StatusEndpoint(LiveIndex index, ModelThread model, ImportEndpoints imports)
{
    /// <summary>Images, whether sentences can be searched for, and whether folders can be imported.</summary>
    public async Task Get(HttpContext context)
    {
        using var state = index.Take();
        await JsonAnswer.Write(context, new
        {
            Product.Version,
            Images = state.Index.Count,
            Model = Path.GetFileName(state.Index.Model.Model),
            state.Index.Model.Dimension,
            // Languages with a mean of their own; null while the teacher is being loaded.
            model.Languages,
            model.TeacherProblem,
            ImportRoot = imports.Root,
        });
    }

    /// <summary>Days and folders. Reads all records the first time.</summary>
    public async Task Facets(HttpContext context)
    {
        using var state = index.Take();
        await JsonAnswer.Write(context, await Task.Run(() => state.Facets, context.RequestAborted));
    }
}
