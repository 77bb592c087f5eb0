using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Llm2Clip.Configuration;

/// <summary>A value of the run file with the place it came from (<c>file:line</c>, or the override).</summary>
internal abstract record YamlValue(string Origin);

/// <param name="Text">The text without quotes.</param>
/// <param name="Plain">Not quoted: <c>null</c> then means no value.</param>
internal sealed record YamlScalar(string Origin, string Text, bool Plain) : YamlValue(Origin)
{
    public bool IsNull => Plain && Text is "" or "~" or "null" or "Null" or "NULL";
}

internal sealed record YamlList(string Origin, List<YamlValue> Items) : YamlValue(Origin);

/// <summary>A mapping, in the order of the text; <see cref="KeyOrigins"/> says where each key is.</summary>
internal sealed record YamlMap(string Origin, OrderedDictionary<string, YamlValue> Items, Dictionary<string, string> KeyOrigins)
    : YamlValue(Origin)
{
    public YamlMap(string origin)
        : this(origin, [], [])
    {
    }
}

/// <summary>Builds the tree of <see cref="YamlValue"/> from YAML text, keeping line numbers and finding doubled keys.</summary>
internal sealed class YamlReader
{
    /// <summary>Deeper than any run file, and no danger to the stack.</summary>
    private const int MaxDepth = 64;

    private readonly IParser _parser;
    private readonly string _name;
    private readonly ConfigProblems _problems;
    private readonly Dictionary<AnchorName, YamlValue> _anchors = [];

    /// <summary>Where every value is, if it is not the line of the text (an override).</summary>
    private readonly string? _fixedOrigin;

    private int _depth;

    private YamlReader(string text, string name, string? fixedOrigin, ConfigProblems problems)
    {
        _parser = new Parser(new StringReader(text));
        _name = name;
        _fixedOrigin = fixedOrigin;
        _problems = problems;
    }

    /// <summary>Reads a run file; an empty one is an empty mapping.</summary>
    public static YamlMap Read(string text, string name, ConfigProblems problems) =>
        ReadMap(text, name, "a run file is a mapping of sections, such as `data:` with keys below it", problems);

    /// <summary>
    /// Reads a file that is a mapping; an empty one is an empty mapping, and of another one <paramref name="expected"/> is said. JSON is
    /// read too, as YAML 1.2 includes it.
    /// </summary>
    public static YamlMap ReadMap(string text, string name, string expected, ConfigProblems problems)
    {
        var value = ReadDocument(text, name, null, problems);
        if (value is YamlMap map)
        {
            return map;
        }
        if (value is not YamlScalar { IsNull: true } && problems.Count == 0)
        {
            problems.Add(value.Origin, expected);
        }
        return new YamlMap($"{name}:1");
    }

    /// <summary>Reads the value of an override.</summary>
    public static YamlValue ReadValue(string text, string origin, ConfigProblems problems) => ReadDocument(text, origin, origin, problems);

    private static YamlValue ReadDocument(string text, string name, string? fixedOrigin, ConfigProblems problems)
    {
        var reader = new YamlReader(text, name, fixedOrigin, problems);
        try
        {
            return reader.Document();
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException)
        {
            // The scanner of YamlDotNet throws InvalidOperationException for some texts, such as a flow list without an end.
            var line = e is YamlException yaml ? yaml.Start.Line : reader._parser.Current?.End.Line ?? 1;
            var what = e is YamlException ? e.Message : "a bracket or quote that is here is not closed";
            problems.Add(fixedOrigin ?? $"{name}:{line}", $"this is not YAML: {what}");
            return new YamlScalar(fixedOrigin ?? $"{name}:1", "", Plain: true);
        }
    }

    private YamlValue Document()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            return new YamlScalar(_fixedOrigin ?? $"{_name}:1", "", Plain: true);
        }
        var value = Value();
        _parser.Consume<DocumentEnd>();
        if (_parser.Current is DocumentStart second)
        {
            _problems.Add(Origin(second), "a file holds one document; remove what follows `---`");
        }
        return value;
    }

    private YamlValue Value()
    {
        if (_depth > MaxDepth)
        {
            throw new YamlException(
                _parser.Current?.Start ?? Mark.Empty, _parser.Current?.End ?? Mark.Empty, $"values are nested more than {MaxDepth} deep");
        }
        _depth++;
        var value = Unbounded();
        _depth--;
        return value;
    }

    private YamlValue Unbounded()
    {
        switch (_parser.Current)
        {
            case Scalar scalar:
                _parser.MoveNext();
                return Anchored(scalar, new YamlScalar(Origin(scalar), scalar.Value, scalar.Style is ScalarStyle.Plain));
            case SequenceStart sequence:
                _parser.MoveNext();
                var list = new YamlList(Origin(sequence), []);
                while (!_parser.TryConsume<SequenceEnd>(out _))
                {
                    list.Items.Add(Value());
                }
                return Anchored(sequence, list);
            case MappingStart mapping:
                _parser.MoveNext();
                return Anchored(mapping, Mapping(Origin(mapping)));
            case AnchorAlias alias:
                _parser.MoveNext();
                return _anchors.TryGetValue(alias.Value, out var known)
                    ? known
                    : throw new YamlException(alias.Start, alias.End, $"no anchor &{alias.Value} is before this alias");
            default:
                throw new YamlException(_parser.Current?.Start ?? Mark.Empty, _parser.Current?.End ?? Mark.Empty, "a value is missing");
        }
    }

    private YamlMap Mapping(string origin)
    {
        var map = new YamlMap(origin);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = _parser.Consume<Scalar>();
            var value = Value();
            if (!map.Items.TryAdd(key.Value, value))
            {
                _problems.Add(Origin(key), $"{key.Value} occurs twice (first at {map.KeyOrigins[key.Value]}); keep one");
                continue;
            }
            map.KeyOrigins[key.Value] = Origin(key);
        }
        return map;
    }

    private YamlValue Anchored(NodeEvent start, YamlValue value)
    {
        if (!start.Anchor.IsEmpty)
        {
            _anchors[start.Anchor] = value;
        }
        return value;
    }

    private string Origin(ParsingEvent at) => _fixedOrigin ?? $"{_name}:{at.Start.Line}";
}
