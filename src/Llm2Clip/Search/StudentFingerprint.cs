using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using static TorchSharp.torch;

namespace Llm2Clip.Search;

/// <summary>What a student is known by: a hash of all that determines its vectors, of images and of captions.</summary>
internal static class StudentFingerprint
{
    public static string Of(Student student) => Fingerprints.Of(
        "student-1",
        student.ImageEncoder.GetType().Name,
        WeightsDigest.Of(student.NamedParameters().Select(p => (p.Name, (Tensor)p.Parameter)).Concat(student.NamedBuffers())),
        JsonSerializer.Serialize(student.Transform, Json.Line),
        student.TeacherFingerprint);
}
