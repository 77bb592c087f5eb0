using Llm2Clip.Cli;
using Llm2Clip.MakeQuickStart;

var (output, error) = (Screen.Output(), Screen.Error());
using var interrupt = new Interrupt(error);
return Tool.Run(args, new CliHost(output, error, interrupt.Token));
