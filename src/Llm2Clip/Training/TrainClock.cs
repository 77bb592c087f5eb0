namespace Llm2Clip.Training;

/// <summary>What a training does at a moment; it does one thing at a time.</summary>
internal enum TrainPart
{
    /// <summary>Waits for the next batch.</summary>
    Data,

    /// <summary>Computes the loss and the gradient of a batch, forward and backward.</summary>
    Compute,

    /// <summary>Moves the weights, and their average.</summary>
    Optimizer,

    /// <summary>Evaluates.</summary>
    Evaluation,

    /// <summary>Writes a checkpoint or the best model.</summary>
    Checkpoint,
}

/// <summary>Where the time of a training goes, and which part it is in. The last may be asked by any thread.</summary>
/// <param name="time">Measures it.</param>
internal sealed class TrainClock(TimeProvider time)
{
    private readonly double[] _seconds = new double[Enum.GetValues<TrainPart>().Length];
    private volatile TrainPart _part;
    private long _since = time.GetTimestamp();
    private long _changes;

    /// <summary>The part that the training is in.</summary>
    public TrainPart Part => _part;

    /// <summary>How often a part began.</summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>A part begins, and the one before ends.</summary>
    public void Enter(TrainPart part)
    {
        EndSpan();
        _part = part;
        Volatile.Write(ref _changes, _changes + 1);
    }

    /// <summary>Seconds of each part since the last call, by <see cref="TrainPart"/>.</summary>
    public double[] Take()
    {
        EndSpan();
        double[] taken = [.. _seconds];
        Array.Clear(_seconds);
        return taken;
    }

    /// <summary>What was before the first part belongs to none.</summary>
    private void EndSpan()
    {
        var now = time.GetTimestamp();
        _seconds[(int)_part] += _changes == 0 ? 0 : time.GetElapsedTime(_since, now).TotalSeconds;
        _since = now;
    }
}
