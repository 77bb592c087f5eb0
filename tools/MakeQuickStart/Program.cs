using Llm2Clip.Cli;
using Llm2Clip.MakeQuickStart;

using var interrupt = new Interrupt(Console.Error);
return Tool.Run(args, new CliHost(Console.Out, Console.Error, Terminal: !Console.IsErrorRedirected, interrupt.Token));
