using Llm2Clip.Tests.Data;
using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Checkpoints of cc-finetune that are valid JSON and valid tensors, and still no place to resume from.</summary>
public sealed class CcCheckpointDamageTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AWholeCheckpointIsResumedFrom()
    {
        Plant();
        using var training = new CcCheckpointCase(_folder["raw"]);
        training.Resume(_folder.Path, _folder["next"]);
        Assert.Equal(File.ReadAllBytes(_folder["checkpoint/state.json"]), File.ReadAllBytes(_folder["next/checkpoint/state.json"]));
    }

    [Theory]
    [InlineData("\"loss_sum\": ", "\"loss_sum\": 1e999, \"x\": ", "the number 1e999 is out of range")]
    [InlineData("\"loss_sum\": ", "\"loss_sum\": null, \"x\": ", "its notes cannot be read")]
    [InlineData("\"loss_sum\"", "\"loss\"", "its notes cannot be read")]
    [InlineData("\"history\": [", "\"history\": [null, ", "an evaluation lacks a part")]
    [InlineData("\"scores\": [", "\"scores\": [null, ", "an evaluation lacks a part")]
    [InlineData("\"recall\": {", "\"recall\": null, \"x\": {", "its notes cannot be read")]
    [InlineData("\"batch\": 1", "\"batch\": 2", "step 4, epoch 1, batch 2 and best step 3 contradict each other with 3 batches per epoch")]
    [InlineData("\"batch\": 1", "\"batch\": 9223372036854775807", "contradict each other")]
    [InlineData("\"epoch\": 1", "\"epoch\": -1", "its position makes no sense")]
    [InlineData("\"optimizer_steps\": 4", "\"optimizer_steps\": 5", "its position makes no sense")]
    [InlineData("\"best_step\": 3", "\"best_step\": 3000000000", "contradict each other")]
    [InlineData("\"best_step\": 3", "\"best_step\": 2", "contradict each other")]
    [InlineData("\"evaluated_at\": 3", "\"evaluated_at\": 5", "its position makes no sense")]
    [InlineData("\"best_step\": 3", "\"best_steps\": 3", "best_steps")]
    public void AStateThatMakesNoSenseIsRefused(string part, string by, string message)
    {
        Plant();
        var path = _folder["checkpoint/state.json"];
        var text = File.ReadAllText(path);
        Assert.Contains(part, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(part, by, StringComparison.Ordinal));
        Refused(message);
    }

    /// <summary>A number beyond the captions would have ended the training with an index out of range, epochs later.</summary>
    [Theory]
    [InlineData(12)]
    [InlineData(-2)]
    public void HardNegativesThatAreNoCaptionsAreRefused(int caption)
    {
        Plant();
        var path = _folder["checkpoint/extras.safetensors"];
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors;
        using (var file = SafetensorsFile.Open(path))
        {
            tensors = file.Names.ToDictionary(name => name, name => file.Load(name, file.Info(name).Type).clone());
        }
        tensors["hard_negatives"][5, 1] = tensor(caption, dtype: ScalarType.Int32);
        Safetensors.Save(path, tensors);
        Refused("hard_negatives holds numbers that are no caption's");
    }

    private void Plant()
    {
        using var training = new CcCheckpointCase(_folder["raw"]);
        training.Save(_folder.Path);
    }

    private void Refused(string message)
    {
        using var training = new CcCheckpointCase(_folder["raw"]);
        var error = Assert.Throws<InputException>(() => training.Resume(_folder.Path, _folder["next"]));
        Assert.Contains(_folder["checkpoint"], error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
