using Llm2Clip.BannedScalars;

if (args is not [var path])
{
    Console.Error.WriteLine("Usage: dotnet run --project tools/BannedScalars -- eng/BannedSymbols.txt");
    return 2;
}
var ids = ScalarScan.Find(BannedSymbols.TorchSharp);
File.WriteAllText(path, BannedSymbols.ToText(ids));
Console.WriteLine($"{ids.Count} methods and properties of {BannedSymbols.TorchSharp} are banned by {path}.");
return 0;
