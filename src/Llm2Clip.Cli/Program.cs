using Llm2Clip.Cli;

using var interrupt = new Interrupt(Console.Error);
return CommandLine.Run(args, new CliHost(Console.Out, Console.Error, Terminal: !Console.IsErrorRedirected, interrupt.Token));
