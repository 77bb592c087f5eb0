using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Losses;

/// <summary>
/// Relational distillation: images are to resemble each other as their captions do for the teacher. With s_ij the cosine of the student's
/// features of images i and j, t_ij the cosine of the teacher's places of both (<see cref="TeacherPlaces"/>), and j over all images of the
/// batch but i:
/// q_i = softmax_j(b s_ij), p_i = softmax_j(a t_ij), and the term is the mean over i of KL(p_i || q_i) = sum_j p_ij log(p_ij / q_ij).
/// </summary>
/// <remarks>
/// That relations between examples are taught rather than the vectors is Relational Knowledge Distillation's
/// (https://arxiv.org/abs/1904.05068), which compares distances and angles. Rows of similarities compared by KL are CLIP-KD's contrastive
/// relational distillation (https://arxiv.org/abs/2307.12732, section 3.2), there between image and text of two CLIP models. An image's
/// similarity to itself is left out: it is 1 on both sides and would outweigh the others.
/// </remarks>
internal static class RelationalTerm
{
    /// <summary>Stands for a similarity that does not exist: finite, so that no row gives NaN.</summary>
    private const double None = -1e30;

    /// <summary>The term, a scalar of at least 0; the teacher's side gets no gradient.</summary>
    /// <param name="images">The student's image features, [I, D], not normalized.</param>
    /// <param name="places">The teacher's places of the images, [I, T], not normalized.</param>
    /// <param name="studentScale">Factor b on the student's cosines: 1 / temperature.</param>
    /// <param name="teacherScale">Factor a on the teacher's.</param>
    public static Tensor Between(Tensor images, Tensor places, double studentScale, double teacherScale)
    {
        using var scope = NewDisposeScope();
        var count = images.shape[0];
        var numbers = Scalars.Range(count, images.device);
        var self = numbers.unsqueeze(1).eq(numbers.unsqueeze(0)); // [I, I]
        var teacher = LogShares(places.detach(), self, teacherScale);
        var student = LogShares(images, self, studentScale);
        return ((teacher.exp() * (teacher - student)).sum().DividedBy(count)).MoveToOuterDisposeScope();
    }

    /// <summary>Logarithm of each row's shares, [I, I].</summary>
    private static Tensor LogShares(Tensor rows, Tensor self, double scale)
    {
        var logits = SoftmaxRows.Cosines(rows, rows).Times(scale).Replaced(self, None);
        return logits - logits.logsumexp(1).unsqueeze(1);
    }
}
