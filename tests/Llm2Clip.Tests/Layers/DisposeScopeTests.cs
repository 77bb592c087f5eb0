using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Tests.Training;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage2;
using TorchSharp;

namespace Llm2Clip.Tests.Layers;

/// <summary>
/// A tensor that nothing refers to any more may be freed while a native call still reads it, unless a dispose scope of its thread holds
/// it. So all code that makes tensors does it inside one, and what outlives a scope is detached from it.
/// </summary>
public sealed class DisposeScopeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("scopes-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_student_is_trained_scored_and_kept_inside_scopes() => AssertNoneOutside(() =>
    {
        var config = TinyTraining.Config with { Steps = 4, MicroBatch = 3, EvalEvery = 2, TeacherWeight = 0.2, Precision = Precision.Bf16 };
        using var student = TinyTraining.NewStudent(config);
        ClipTrainer.Run(TinyTraining.Inputs(_folder, config, student) with { Evaluator = new Scores() });
        using var trained = Student.Load(Path.Combine(_folder, "model"), GoldenTensors.Device);
        new Scores().Evaluate(trained, default);
    });

    [Fact]
    public void A_new_student_starts_inside_scopes() => AssertNoneOutside(() =>
    {
        var config = TinyTraining.Model with { WeightInit = VisionStart.Mimetic };
        using var mimetic = Student.Create(config, 12, 3, 1, GoldenTensors.Device);
        mimetic.Save(_folder);
        using var continued = Student.Create(config with { Init = _folder, EmbedDim = 8 }, 12, 3, 1, GoldenTensors.Device);
    });

    [Fact]
    public void An_adapter_is_trained_inside_scopes() => AssertNoneOutside(() =>
    {
        var data = new DataConfig
        {
            Train = FakeData.Write(_folder, "train", 0, 60, 4, "en"), Val = FakeData.Write(_folder, "val", 200, 60, 2, "en"),
        };
        var config = new CcFinetuneConfig
        {
            Output = Path.Combine(_folder, "teacher"), RawStore = Path.Combine(_folder, "raw"),
            BatchSize = 20, MicroBatch = 7, Epochs = 2, HardNegatives = 1,
            Adapter = new AdapterConfig { Dimension = 16, Dropout = 0.1, Start = AdapterStart.HalfWhitened }, CheckpointEvery = 1,
        };
        var model = new TeacherModel(Path.Combine(_folder, "fake.gguf"), "00");
        var teacher = new Teacher(new FakeEncoder(32), new TeacherSettings(), null) { Model = model };
        CcTrainer.Run(config, data, teacher, NoMetrics.Instance, SilentLog.Instance);
    });

    [Fact]
    public void A_tensor_outside_is_counted()
    {
        var outside = Outside(() => torch.ones(1).Dispose());
        Assert.Equal(1, outside);
    }

    private static void AssertNoneOutside(Action work) => Assert.Equal(0, Outside(work));

    /// <summary>Tensors that the work makes outside all scopes, on a thread of its own; TorchSharp counts per thread.</summary>
    private static long Outside(Action work)
    {
        (long Outside, Exception? Error) outcome = default;
        var thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception error)
            {
                outcome.Error = error;
            }
            outcome.Outside = DisposeScopeManager.Statistics.TensorStatistics.CreatedOutsideScopeCount;
        });
        thread.Start();
        thread.Join();
        Assert.Null(outcome.Error);
        return outcome.Outside;
    }

    private sealed class Scores : IStudentEvaluator
    {
        public StudentScore Evaluate(Student student, CancellationToken cancellation)
        {
            student.EncodeImages(new byte[4 * 16 * 16 * 3], 4);
            student.EncodeTexts(new float[4 * TinyTraining.VectorLength], 4);
            return new StudentScore(0, "none", new Dictionary<string, double>());
        }
    }
}
