using Llm2Clip.Cli;

var (output, error) = (Screen.Output(), Screen.Error());
using var interrupt = new Interrupt(error);
return CommandLine.Run(args, new CliHost(output, error, interrupt.Token) { IsTerminated = () => interrupt.IsTerminated });
