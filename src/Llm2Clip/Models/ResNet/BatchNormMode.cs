namespace Llm2Clip.Models.ResNet;

/// <summary>What becomes of a residual network's batch norms.</summary>
public enum BatchNormMode
{
    /// <summary>
    /// Running statistics stay what they are, in training too; weights and biases train where their block does. What fine-tuning with small
    /// batches wants.
    /// </summary>
    Frozen,

    /// <summary>
    /// Statistics, weights and biases are multiplied into the convolutions when the weights are read, and saved that way: the network has
    /// no batch norm any more. The same function, which trains differently.
    /// </summary>
    Folded,

    /// <summary>
    /// Statistics of the batch in training, of which running ones are kept for evaluation, as the networks were trained at first. What a
    /// new network needs.
    /// </summary>
    Trained,
}
