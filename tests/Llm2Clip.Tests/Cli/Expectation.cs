using System.Text;

namespace Llm2Clip.Tests.Cli;

/// <summary>
/// Output as it was approved: text files in <c>Cli/Expectations</c>, compared exactly. With <c>LLM2CLIP_APPROVE=1</c> in the environment
/// the files are written instead; their diff is to be read before it is committed.
/// </summary>
internal static class Expectation
{
    private static string Folder => Path.Combine(SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Cli", "Expectations");

    public static void Check(string name, string actual)
    {
        var file = Path.Combine(Folder, name + ".expected");
        if (Environment.GetEnvironmentVariable("LLM2CLIP_APPROVE") is "1")
        {
            File.WriteAllText(file, actual);
            return;
        }
        Assert.True(File.Exists(file), $"{file} is not there. LLM2CLIP_APPROVE=1 writes it.");
        var expected = File.ReadAllText(file);
        Assert.True(expected == actual, $"The output is not {file} (- expected, + actual):\n{Difference(expected, actual)}");
    }

    /// <summary>The lines of both, those in common once; escape codes are shown as text.</summary>
    private static string Difference(string expected, string actual)
    {
        var (a, b) = (expected.Split('\n'), actual.Split('\n'));
        var common = new int[a.Length + 1, b.Length + 1]; // lines that the rests have in common
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }
        var text = new StringBuilder();
        for (int i = 0, j = 0; i < a.Length || j < b.Length;)
        {
            if (i < a.Length && j < b.Length && a[i] == b[j])
            {
                Add(' ', a[i]);
                (i, j) = (i + 1, j + 1);
            }
            else if (j == b.Length || (i < a.Length && common[i + 1, j] >= common[i, j + 1]))
            {
                Add('-', a[i++]);
            }
            else
            {
                Add('+', b[j++]);
            }
        }
        return text.ToString();

        void Add(char mark, string line) => text.Append(mark).Append(line.Replace("\u001b", "ESC", StringComparison.Ordinal)).Append('\n');
    }
}
