using System.Formats.Tar;
using System.Globalization;
using System.Text.RegularExpressions;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Tests.Teachers;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Packaging;

/// <summary>
/// What <c>dotnet pack</c> makes, used as someone would who has the packages alone: the sample of docs/library.md in a program of its own,
/// and
/// the tool.
/// </summary>
public sealed partial class PackagesTests(PackedProjects packed) : IClassFixture<PackedProjects>
{
    private const string Caption = "a red car beside two green trees";

    private readonly TemporaryFolder _folder = packed.Folder;

    [Fact]
    public void TheSampleOfTheDocumentationRunsOnThePackage()
    {
        var program = Directory.CreateDirectory(_folder.File("sample")).FullName;
        File.WriteAllText(Path.Combine(program, "Program.cs"), Sample());
        File.WriteAllText(Path.Combine(program, "sample.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <UseCurrentRuntimeIdentifier>true</UseCurrentRuntimeIdentifier>
                <SelfContained>false</SelfContained>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
                <RestoreAdditionalProjectSources>{packed.Packages}</RestoreAdditionalProjectSources>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Llm2Clip" Version="{packed.Version}" />
              </ItemGroup>
            </Project>
            """);
        PackedProjects.Run("dotnet", "build", program, "-v", "q", "-nodeReuse:false", "-o", _folder.File("built"));

        var teacher = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");
        var image = FirstImage(Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "val-00000.tar"));
        var (student, cosine) = MakeStudent(teacher, image);
        var printed = PackedProjects.Run("dotnet", Path.Combine(_folder.File("built"), "sample.dll"), student, teacher, image, Caption);
        Assert.Equal(cosine, float.Parse(printed, CultureInfo.InvariantCulture), 1e-4f);
    }

    [Fact]
    public void TheToolInstallsAndFindsNothingMissing()
    {
        var tools = _folder.File("tools");
        PackedProjects.Run("dotnet", "tool", "install", "Llm2Clip.Tool", "--tool-path", tools, "--version", packed.Version, "--add-source",
            packed.Packages);
        Assert.Contains("libtorch", PackedProjects.Run(Path.Combine(tools, "llm2clip"), "doctor"));
    }

    /// <summary>The first C# block of docs/library.md; the lines that a reader counts are those after the usings.</summary>
    private static string Sample()
    {
        var text = File.ReadAllText(Path.Combine(SharedData.RepositoryRoot(), "docs", "library.md"));
        return CodeBlock().Match(text).Groups["code"].Value;
    }

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    /// <summary>A student of tiny sizes with random weights, and the cosine that the sample has to print of it.</summary>
    private (string Folder, float Cosine) MakeStudent(string teacherFile, string image)
    {
        using var teacher = Teacher.Open(teacherFile);
        var config = new StudentConfig
        {
            ImageSize = 32, PatchSize = 16, Width = 32, Layers = 1, Heads = 2, EmbedDim = 16,
            AdapterBlocks = 1
        };
        using var student = Student.Create(config, teacher.Dimension, logitScale: 0, seed: 5, CPU);
        var folder = _folder.File("student");
        student.Save(folder);
        var pixels = new ImagePipeline(student.Transform).Eval(File.ReadAllBytes(image), image);
        var vectors = teacher.Embed([Caption], "en", CenteringMode.Training, SilentLog.Instance,
            TestContext.Current.CancellationToken).Vectors;
        return (folder, student.EncodeImages(pixels, 1).Zip(student.EncodeTexts(vectors, 1), (a, b) => a * b).Sum());
    }

    private string FirstImage(string archive)
    {
        using var tar = new TarReader(File.OpenRead(archive));
        for (var entry = tar.GetNextEntry(); entry is not null; entry = tar.GetNextEntry())
        {
            if (Path.GetExtension(entry.Name) is ".jpg" or ".png" or ".webp")
            {
                var path = _folder.File("image" + Path.GetExtension(entry.Name));
                entry.ExtractToFile(path, overwrite: true);
                return path;
            }
        }
        throw new InvalidDataException($"{archive} holds no image.");
    }
}
