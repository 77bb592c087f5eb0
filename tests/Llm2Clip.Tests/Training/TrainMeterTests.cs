using Llm2Clip.Tests.Cli;
using Llm2Clip.Training;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Tests.Training;

/// <summary>Where the time of a training goes, on a clock that is set by hand.</summary>
public sealed class TrainMeterTests
{
    private readonly TestClock _time = new();
    private readonly Kept _kept = new();

    [Fact]
    public void TimeIsSplitAndWhatEvaluationsTakeIsNoPartOfTheSpeed()
    {
        var clock = new TrainClock(_time);
        var meter = new TrainMeter(_kept, _kept, Plan(every: 2), clock);
        _time.Pass(100); // before the first part
        Step(meter, clock, 1);
        Enter(clock, TrainPart.Evaluation, 30);
        Enter(clock, TrainPart.Checkpoint, 6);
        Step(meter, clock, 2);

        // Two steps of 1 + 2 + 1 seconds with 40 images each.
        Assert.Equal(10, _kept.Values["t/images_per_second"], 9);
        Assert.Equal(0.25, _kept.Values["t/data_wait_share"], 9);
        Assert.Equal(
            [1000, 2000, 1000, 15_000, 3000],
            new[] { "data", "compute", "optimizer", "evaluation", "checkpoint" }.Select(part => _kept.Values[$"t/ms_per_step/{part}"]));
        Assert.InRange(_kept.Values["t/memory_mb"], 10, _kept.Values["t/memory_peak_mb"]);
        Assert.Equal((0L, "7"), (_kept.Step, _kept.Settings["x.y"]));
        Assert.StartsWith(
            "step 2, epoch 1: loss 1.500, rate 1.0e-3, logit_scale 2.500, gradient norm 0.75, 10 images/s, 25.0 % of the time waiting for "
            + "data, ", Assert.Single(_kept.Lines), StringComparison.Ordinal);
        Assert.Contains(
            "per step: waiting for data 1,000.0, forward and backward 2,000.0, optimizer 1,000.0, evaluation 15,000.0, checkpoints 3,000.0; "
            + "memory at most ", Assert.Single(_kept.Details), StringComparison.Ordinal);

        Step(meter, clock, 3);
        Step(meter, clock, 4);
        Assert.Equal(0, _kept.Values["t/ms_per_step/evaluation"]); // The next line begins anew.
        Assert.Equal(0L, _kept.Step); // The settings are told once.
    }

    private void Step(TrainMeter meter, TrainClock clock, long step)
    {
        Enter(clock, TrainPart.Data, 1);
        Enter(clock, TrainPart.Compute, 2);
        Enter(clock, TrainPart.Optimizer, 1);
        meter.Step(new TrainState { Step = step }, 40, step, 0.75, 1e-3, [("logit_scale", 2.5)]);
    }

    private void Enter(TrainClock clock, TrainPart part, double seconds)
    {
        clock.Enter(part);
        Assert.Equal(part, clock.Part);
        _time.Pass(seconds);
    }

    private static TrainingPlan Plan(long every) => new()
    {
        Title = "t", Checkpoint = "", Identity = new Dictionary<string, string> { ["x.y"] = "7" }, Budget = new TrainBudget(10),
        Schedule = new RateSchedule(ScheduleKind.Constant, 0), PeakRate = 1, ClipNorm = 0, CheckpointEvery = 0, EarlyStop = 0,
        Metrics = new MetricNames("t", "lr", "norm"), LogEvery = every, EmptyEpoch = "", NotFiniteRemedy = "",
    };

    private sealed class Kept : IMetricsSink, IRunLog
    {
        public Dictionary<string, double> Values { get; } = [];

        public IReadOnlyDictionary<string, string> Settings { get; private set; } = new Dictionary<string, string>();

        public long Step { get; private set; } = -1;

        public List<string> Lines { get; } = [];

        public List<string> Details { get; } = [];

        public void Scalar(string tag, long step, double value) => Values[tag] = value;

        void IMetricsSink.Settings(long step, IReadOnlyDictionary<string, string> settings) => (Step, Settings) = (step, settings);

        public void Info(string message) => Lines.Add(message);

        public void Detail(string message) => Details.Add(message);

        public void Warn(string message) => Lines.Add(message);

        public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance;
    }
}
