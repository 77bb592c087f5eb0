Console.WriteLine("llm2clip");
return 0;
