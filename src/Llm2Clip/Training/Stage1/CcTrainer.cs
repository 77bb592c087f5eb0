using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// Caption-contrastive training of an adapter over the frozen LLM's pooled vectors (stage 1, facts A5): captions of one picture come together,
/// those of others go apart. The LLM runs once a caption, into the raw store. A stopped training goes on from its checkpoint.
/// </summary>
public sealed class CcTrainer
{
    private readonly CcFinetuneConfig _config;
    private readonly DataConfig _data;
    private readonly RawVectors _raw;
    private readonly IMetricsSink _metrics;
    private readonly IRunLog _log;
    private readonly CancellationToken _cancellation;
    private readonly List<CcEvaluation> _history = [];
    private CcPictures _pictures = null!;
    private LanguageMeans _means = null!;
    private TeacherProbe? _val;
    private TeacherProbe? _heldOut;
    private CcAdapter _adapter = null!;

    private CcTrainer(CcFinetuneConfig config, DataConfig data, RawVectors raw, IMetricsSink metrics, IRunLog log, CancellationToken cancellation) =>
        (_config, _data, _raw, _metrics, _log, _cancellation) = (config, data, raw, metrics, log, cancellation);

    /// <summary>
    /// The <c>cc-finetune</c> command: reads captions, computes what raw vectors are missing, trains, writes the teacher folder. The teacher's own
    /// adapter, if it has one, plays no part. Throws <see cref="RunException"/> for a loss that is not finite; nothing is written then.
    /// </summary>
    public static CcFinetuneResult Run(
        CcFinetuneConfig config, DataConfig data, Teacher teacher, IMetricsSink metrics, IRunLog log, CancellationToken cancellation = default)
    {
        if (config.Output.Length == 0)
        {
            throw new ConfigException("cc_finetune.output is empty: name the teacher folder, for example --set cc_finetune.output=runs/teacher.");
        }
        var clock = Stopwatch.StartNew();
        var store = config.RawStore.Length > 0 ? config.RawStore : config.Output + "-raw";
        using var raw = new RawVectors(teacher.Encoder, store, config.RawDtype, log);
        var trainer = new CcTrainer(config, data, raw, metrics, log, cancellation);
        trainer.Prepare();
        var before = trainer._val?.RawRows(trainer._means, trainer.TrainingName, seed: 0);
        var trained = trainer.Train();
        var rows = before is null ? null : (IReadOnlyList<ProbeRow>)[.. before, .. trainer._val!.AdapterRows(trainer._adapter, seed: 0)];
        var fingerprint = new Teacher(teacher.Encoder, teacher.Settings, trainer._adapter).Fingerprint;
        var result = trained with
        {
            Fingerprint = fingerprint,
            Seconds = clock.Elapsed.TotalSeconds,
            Probe = rows is null ? null : new CaptionProbeResult(CaptionProbe.Protocol, fingerprint, data.Val, trainer._val!.Pictures, rows),
        };
        trainer.Save(teacher, result);
        CcCheckpoint.Delete(config.Output);
        trainer._adapter.Dispose();
        return result;
    }

    private string TrainingName => $"{_pictures.Captions:N0} {string.Join("+", _config.Languages)} training captions";

    // ---- Data: captions to rows of the raw store -------------------------------------------------------------------------------------------

    private void Prepare()
    {
        ShardPattern.RequireRepeatable(_data.Train, "cc-finetune, once to embed and once to pair the captions,");
        var train = Datasets.OpenTrain(_data, _log);
        var extra = _config.ExtraText.SelectMany(text => CaptionStream.Of(text, _data, SilentLog.Instance, _cancellation));
        var count = 0L;
        var counted = Groups(train, _log).Select(group =>
        {
            count++;
            return group;
        });
        _raw.Require(Captions(counted).Concat(Captions(extra)), _cancellation);

        var heldOut = HeldOut(count);
        var chosen = new List<CaptionGroup>();
        _pictures = new CcPictures();
        foreach (var group in Groups(train, SilentLog.Instance))
        {
            var away = heldOut(group.Key);
            _pictures.Add(group, _raw.Store, away);
            if (away)
            {
                chosen.Add(group);
            }
        }
        foreach (var group in extra)
        {
            _pictures.Add(group, _raw.Store);
        }
        _pictures.Finish();
        _log.Info($"Pairs: {_pictures.Count:N0} pictures with {_pictures.Captions:N0} distinct captions; {_pictures.Merged:N0} groups were a picture that was there already, "
            + $"{_pictures.Single:N0} pictures have one caption only and are left out, {chosen.Count:N0} are held out.");

        _means = FitMeans();
        var language = _config.Languages[0];
        if (chosen.Count > 0)
        {
            _heldOut = new TeacherProbe(ProbeTexts.Read(chosen), [new ProbePair(language, language)], _raw);
        }
        if (_data.Val.Length > 0)
        {
            var texts = ProbeTexts.Read(CaptionStream.Of(Datasets.OpenVal(_data, _log), _data, [], [], _log, _cancellation));
            var pairs = texts.Pairs(_config.Pairs, language);
            _raw.Require(texts.Captions(pairs), _cancellation);
            _val = new TeacherProbe(texts, pairs, _raw);
            _log.Info("Validation: " + CaptionProbe.Protocol + ".");
        }
    }

    private IEnumerable<CaptionGroup> Groups(ISampleSource train, IRunLog log) => CaptionStream.Of(train, _data, _config.Languages, _config.Kinds, log, _cancellation);

    private static IEnumerable<Caption> Captions(IEnumerable<CaptionGroup> groups) => groups.SelectMany(group => group.Captions);

    /// <summary>Which pictures are held out: those whose key, hashed with the seed, falls into the share that gives about the number asked for.</summary>
    private Func<string, bool> HeldOut(long all)
    {
        if (_config.Selection != CcSelection.HeldOut)
        {
            return _ => false;
        }
        var share = _config.HeldOutPictures / (double)all;
        if (share > 0.5)
        {
            throw new ConfigException($"cc_finetune.held_out_pictures is {_config.HeldOutPictures}, more than half of the {all} training pictures. Lower it, or set selection: last.");
        }
        return key => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(key), _config.Seed) < share * ulong.MaxValue;
    }

    private LanguageMeans FitMeans()
    {
        var rows = _pictures.All.ToArray();
        var (overall, _) = LanguageMeans.Fit(_raw.Store, rows.Select(caption => caption.Row));
        var training = _pictures.Languages.Select((language, index) =>
        {
            var (mean, count) = LanguageMeans.Fit(_raw.Store, rows.Where(caption => caption.Language == index).Select(caption => caption.Row));
            return new LanguageMean(language, mean, count, "training captions", Training: true);
        });
        var others = _config.LanguageText.Where(text => !_pictures.Languages.Contains(text.Language)).ToList();
        return new LanguageMeans(overall, training).With(MeanFitter.Fit(others, _data, _raw, training: false, _log, _cancellation));
    }

    // ---- Training --------------------------------------------------------------------------------------------------------------------------

    private CcFinetuneResult Train()
    {
        var device = ComputeDevice.Resolve(_config.Device);
        _log.Info($"Device: {device.Device} ({device.Reason}).");
        _adapter = CcAdapter.Create(_config.Adapter, _means, SeededRandom.Mix(_config.Seed, 2));
        var batches = new CcBatches(_pictures, _raw.Store, _means, _config.Adapter.Centering, _config.BatchSize, _config.Seed);
        if (_config.Adapter.Start == AdapterStart.HalfWhitened)
        {
            using var scope = NewDisposeScope();
            HalfWhitening.Initialize(_adapter.Module, batches.Vectors(Sample(20_000), CPU));
        }
        _adapter.Module.to(device.Device);
        using var step = new CcStep(_config, _adapter.Module, batches, device.Device);
        var total = (long)batches.PerEpoch * _config.Epochs;
        using var best = new BestWeights(step.Parameters);
        var checkpoint = new CcCheckpoint(_config.Output, Identity(), step, best, _pictures, _config.HardNegatives);
        var clock = Stopwatch.StartNew();
        if (checkpoint.Load() is { } history)
        {
            _history.AddRange(history);
            _metrics.StartAfter(step.Done);
            _log.Info($"Resumed at step {step.Done}, epoch {checkpoint.Position.Epoch + 1}, batch {checkpoint.Position.Batch} from {_config.Output}.");
        }
        else
        {
            _metrics.StartAfter(-1);
            Evaluate(0, best);
        }
        var (loss, epoch) = RunEpochs(step, batches, best, checkpoint, total);
        if (_config.Selection != CcSelection.Last)
        {
            best.Restore();
            epoch = best.Epoch;
        }
        var trained = _adapter;
        _adapter = trained.Copy();
        trained.Dispose();
        return new CcFinetuneResult
        {
            Output = _config.Output,
            Fingerprint = "",
            Pictures = _pictures.Count,
            Captions = _pictures.Captions,
            MergedGroups = _pictures.Merged,
            SingleCaption = _pictures.Single,
            HeldOut = _heldOut?.Pictures ?? 0,
            Steps = step.Done,
            KeptEpoch = epoch,
            Selection = Selection,
            FinalLoss = loss,
            TrainSeconds = clock.Elapsed.TotalSeconds,
            Seconds = 0,
            Probe = null,
            History = _history,
        };
    }

    private (double Loss, int Epochs) RunEpochs(CcStep step, CcBatches batches, BestWeights best, CcCheckpoint checkpoint, long total)
    {
        var (epoch, batch, sum) = checkpoint.Position;
        using var progress = _log.Start("Caption-contrastive training", total, "steps");
        progress.Advance(step.Done);
        try
        {
            // A checkpoint of the last evaluation stands at the end of an epoch: what comes then is decided here, as it would have been.
            while (epoch < _config.Epochs && !best.Exhausted(_config.Patience))
            {
                var negatives = _config.HardNegatives == 0 ? null : batch == 0 ? step.Negatives(epoch, _pictures, _cancellation) : step.Mined;
                foreach (var next in batches.Epoch(epoch, negatives is null ? null : negatives.Of).Skip((int)batch))
                {
                    _cancellation.ThrowIfCancellationRequested();
                    if (batch == 0)
                    {
                        sum = 0;
                    }
                    sum += TrainBatch(step, next, total, progress);
                    batch++;
                    if (batch < batches.PerEpoch && IsDue(step))
                    {
                        checkpoint.Save(epoch, batch, sum, _history);
                    }
                }
                (epoch, batch) = (epoch + 1, 0);
                var evaluated = epoch % _config.EvaluateEvery == 0 || epoch == _config.Epochs;
                if (evaluated)
                {
                    Evaluate(epoch, best);
                }
                if (evaluated || IsDue(step))
                {
                    checkpoint.Save(epoch, batch, sum, _history);
                }
            }
        }
        catch (OperationCanceledException)
        {
            checkpoint.Save(epoch, batch, sum, _history);
            _log.Info($"Stopped at step {step.Done}; the same command goes on from there.");
            throw;
        }
        return (sum / batches.PerEpoch, epoch);
    }

    private bool IsDue(CcStep step) => _config.CheckpointEvery > 0 && step.Done % _config.CheckpointEvery == 0;

    private double TrainBatch(CcStep step, CcBatch batch, long total, IProgressTask progress)
    {
        var (loss, norm, rate) = step.Run(batch, _pictures, total);
        _metrics.Scalar("cc/loss", step.Done, loss);
        _metrics.Scalar("cc/gradient_norm", step.Done, norm);
        _metrics.Scalar("cc/learning_rate", step.Done, rate);
        progress.Advance(1, string.Create(CultureInfo.InvariantCulture, $"loss {loss:f3}"));
        return loss;
    }

    /// <summary>What a resumed run must share with the one that it goes on from.</summary>
    private Dictionary<string, string> Identity()
    {
        var identity = RunIdentity.Bound("cc_finetune", _config);
        identity.Add("data.train", _data.Train);
        identity.Add("data.val", _data.Val);
        identity.Add("LLM fingerprint", _raw.Fingerprint);
        identity.Add("captions", string.Create(CultureInfo.InvariantCulture, $"{_pictures.Captions} of {_pictures.Count} pictures"));
        return identity;
    }

    // ---- Evaluation and choice of the epoch ------------------------------------------------------------------------------------------------

    private string Selection => _config.Selection switch
    {
        CcSelection.HeldOut => $"best mean of R@1 and R@10, {_config.Languages[0]} to itself, on {_heldOut?.Pictures} pictures held out of the training data",
        CcSelection.Val => $"best mean of R@1 and R@10, {_config.Languages[0]} to itself, on data.val",
        _ => "last epoch",
    };

    private void Evaluate(int epoch, BestWeights best)
    {
        var rows = _val?.AdapterRows(_adapter) ?? [];
        double? criterion = _config.Selection switch
        {
            CcSelection.HeldOut => Criterion(_heldOut!.AdapterRows(_adapter)),
            CcSelection.Val => _val is null ? throw new ConfigException("cc_finetune.selection is val, but data.val is empty.") : Criterion(rows),
            _ => null,
        };
        if (criterion is { } value)
        {
            best.Offer(epoch, value);
            _metrics.Scalar("cc/criterion", epoch, value);
        }
        foreach (var (row, score) in rows.SelectMany(row => row.Scores.Select(score => (row, score))))
        {
            var tag = $"cc/{(row.OwnMeans.Count > 0 ? "own-" : "")}{score.From}-{score.To}";
            _metrics.Scalar(tag + "/r1", epoch, score.Recall.RecallAt1);
            _metrics.Scalar(tag + "/r10", epoch, score.Recall.RecallAt10);
        }
        _history.Add(new CcEvaluation(epoch, criterion, rows));
        var recalls = rows.SelectMany(row => row.Scores.Select(s => string.Create(
            CultureInfo.InvariantCulture, $"{s.From}->{s.To}{(row.OwnMeans.Count > 0 ? " own" : "")} {100 * s.Recall.RecallAt1:f1}/{100 * s.Recall.RecallAt10:f1}")));
        _log.Info($"Epoch {epoch}: {(criterion is { } chosen ? string.Create(CultureInfo.InvariantCulture, $"criterion {chosen:f4}; ") : "")}R@1/R@10 {string.Join(", ", recalls)}");
    }

    private double Criterion(IReadOnlyList<ProbeRow> rows)
    {
        var language = _config.Languages[0];
        var score = rows[0].Scores.FirstOrDefault(s => s.From == language && s.To == language)
            ?? throw new ConfigException($"cc_finetune.pairs must hold {language}->{language}: the epoch is chosen by it.");
        return (score.Recall.RecallAt1 + score.Recall.RecallAt10) / 2;
    }

    private int[] Sample(int most)
    {
        var stride = Math.Max(1, _pictures.Captions / most);
        return [.. Enumerable.Range(0, _pictures.Captions).Where(i => i % stride == 0)];
    }

    // ---- Output ----------------------------------------------------------------------------------------------------------------------------

    /// <summary>Each file under a temporary name first; <c>teacher.json</c> last, which makes the folder a teacher.</summary>
    private void Save(Teacher teacher, CcFinetuneResult result)
    {
        try
        {
            DurableFolder.Create(_config.Output);
            _adapter.Save(Path.Combine(_config.Output, CcAdapter.FileName));
            PendingFile.Write(Path.Combine(_config.Output, "cc-finetune.json"), JsonSerializer.Serialize(result, Json.Report));
        }
        catch (IOException error)
        {
            throw new RunException($"The teacher could not be written to {_config.Output}: {error.Message} The LLM's vectors are kept in the raw store; make room and run the command again.", error);
        }
        TeacherFolder.Write(_config.Output, teacher.Manifest(_config.Output) with { Adapter = CcAdapter.FileName, Dimension = _adapter.Dimension });
        _log.Info($"Teacher {Fingerprints.Short(result.Fingerprint)} written to {_config.Output}.");
    }
}
