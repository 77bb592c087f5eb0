using System.Reflection;
using System.Text.RegularExpressions;

namespace Llm2Clip.Tests.Engine;

/// <summary>
/// Every public and protected member of a binding stands, with the same signature, in the list of the package that it takes the place of.
/// That is what lets the project's own code compile against either. What goes beyond the package lives in a namespace <c>Llm2Clip.*</c>.
/// </summary>
public partial class PublicSurfaceTests
{
    [Theory]
    [InlineData("TorchSharp", "TorchSharp-0.107.txt")]
    [InlineData("LLamaSharp", "LLamaSharp-0.28.txt")]
    public void BindingHasOnlyMembersOfThePackage(string assemblyName, string listName)
    {
        var file = Path.Combine(AppContext.BaseDirectory, assemblyName + ".dll");
        OwnBinding.Require("it is the packages themselves, there is no binding to compare.");
        var listed = ReadList(SharedData.RequireShared("api", listName));

        var strangers = PublicSurface.Render(Assembly.LoadFrom(file), IsOfThePackage).Where(line => !listed.Contains(line)).Order(StringComparer.Ordinal).ToList();

        Assert.True(strangers.Count == 0, $"{strangers.Count} public members of {assemblyName} are not in {listName}:\n" + string.Join("\n", strangers));
    }

    [Fact]
    public void RendersMembersAsTheListsDo()
    {
        string[] expected =
        [
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | abstract class : Llm2Clip.Tests.Engine.PublicSurfaceTests.SampleBase",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | new(Int32 size = 3)",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | Nullable<Int64> Length { get; }",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | T Item[Int32 index] { get; set; }",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | static String Word = w",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | ValueTuple<Int32,T[]> Pair(Double eps = 1E-05, String text = \"a\", DayOfWeek day = 2)",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | protected abstract Void Fill(System.Collections.Generic.IList<T> into, Int32& count)",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | static U Make<U>(params Object[] parts)",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | virtual String ToString()",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | static Boolean op_Equality(Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> a, Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> b)",
            "Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> | static Boolean op_Inequality(Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> a, Llm2Clip.Tests.Engine.PublicSurfaceTests.Sample<T> b)",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), PublicSurface.Render(typeof(Sample<>)).Order(StringComparer.Ordinal));
    }

    private static bool IsOfThePackage(Type type) => type.Namespace?.StartsWith("Llm2Clip", StringComparison.Ordinal) != true;

    /// <summary>The entries of a list. A default value with line breaks spreads its entry over several lines.</summary>
    private static HashSet<string> ReadList(string path)
    {
        var entries = new List<string>();
        foreach (var line in File.ReadLines(path))
        {
            if (EntryStart().IsMatch(line) || entries.Count == 0)
            {
                entries.Add(line);
            }
            else
            {
                entries[^1] += "\n" + line;
            }
        }
        return [.. entries];
    }

    [GeneratedRegex(@"^[A-Z][\w.<>,]* \| ")]
    private static partial Regex EntryStart();

#pragma warning disable CS0660, CS0661 // equality is here for its operators' names
    public abstract class SampleBase;

    public abstract class Sample<T> : SampleBase
    {
        public const string Word = "w";

        internal int hidden;

        protected Sample(int size = 3) => hidden = size;

        public long? Length { get; internal set; }

        public T this[int index]
        {
            get => throw new InvalidOperationException($"{index}");
            set => throw new InvalidOperationException($"{index} {value}");
        }

        public (int Count, T[] Items) Pair(double eps = 1e-5, string text = "a", DayOfWeek day = DayOfWeek.Tuesday) => ((int)eps + text.Length + (int)day, []);

        protected abstract void Fill(IList<T> into, out int count);

        public static U Make<U>(params object[] parts) => (U)parts[0];

        public override string ToString() => Word;

        public static bool operator ==(Sample<T> a, Sample<T> b) => ReferenceEquals(a, b);

        public static bool operator !=(Sample<T> a, Sample<T> b) => !ReferenceEquals(a, b);
    }
#pragma warning restore CS0660, CS0661
}
