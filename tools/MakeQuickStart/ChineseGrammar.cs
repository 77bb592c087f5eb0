namespace Llm2Clip.MakeQuickStart;

/// <summary>Chinese captions: every noun with its classifier, two as 两.</summary>
public sealed class ChineseGrammar : IGrammar
{
    private static readonly string[] Numbers = ["", "一", "两", "三", "四", "五"];

    /// <summary>Before the noun.</summary>
    private static readonly string[] Before = ["小", "", "大"];

    private static readonly string[][] Predicates = [["小小的", "很小的"], [], ["大大的", "很大的"]];

    private static readonly string[][] Sizes = [["小", .. Predicates[0]], [], ["大", .. Predicates[2]]];

    private static readonly string[][] Colors =
    [
        ["红色"], ["橙色", "橘色"], ["黄色"], ["绿色"], ["蓝色"], ["紫色"], ["粉色", "粉红色"], ["白色"], ["黑色"], ["棕色", "褐色"],
    ];

    /// <summary>Word and classifier of each thing, the usual one first.</summary>
    private static readonly (string Word, string Classifier)[][] Nouns =
    [
        [("圆形", "个"), ("圆盘", "个")], [("正方形", "个"), ("方块", "个")], [("三角形", "个")], [("星星", "颗")], [("爱心", "颗"), ("心形", "个")],
        [("十字", "个")], [("圆环", "个")], [("菱形", "个")], [("树", "棵")], [("房子", "座"), ("屋子", "间")], [("汽车", "辆"), ("车", "辆")],
        [("船", "艘"), ("帆船", "艘")], [("鱼", "条")], [("太阳", "个")], [("月亮", "个")], [("花", "朵"), ("花朵", "朵")], [("杯子", "个"), ("茶杯", "个")],
        [("气球", "个")], [("雨伞", "把"), ("伞", "把")], [("蘑菇", "朵")], [("旗子", "面"), ("旗帜", "面")], [("钥匙", "把")], [("鸟", "只")], [("苹果", "个")],
    ];

    private static readonly string[][] Places =
    [
        ["草地上", "绿色的草地上", "田野里"], ["天空中", "蓝天上"], ["海面上", "水面上", "大海上"], ["沙滩上", "海滩上"],
        ["夜空中", "夜里", "黑暗中"], ["雪地里", "雪地上"], ["森林里", "树林里"], ["马路上", "街道上"],
    ];

    private static readonly string[] Left = ["左边", "左侧"];
    private static readonly string[] Right = ["右边", "右侧"];
    private static readonly string[] Above = ["上方", "上面"];
    private static readonly string[] Below = ["下方", "下面"];
    private static readonly string[] Inside = ["里面", "里"];

    public string Language => "zh";

    public string Describe(Group group, SceneRandom random) => Name(group, random);

    public string Describe(Place place, SceneRandom random) => random.PickUsual(Places[(int)place]);

    public string Write(Scene scene, Intent intent, SceneRandom random)
    {
        var place = Describe(scene.Place, random);
        var head = intent.NamePlace ? place + "的" : "";
        var start = intent.NamePlace ? place + "，" : "";
        return intent.Form switch
        {
            Form.Phrase => head + Whole(scene, intent, random),
            Form.Sentence => start + Statement(scene, intent, random) + "。",
            Form.There => (intent.NamePlace ? place : "这里") + "有" + Whole(scene, intent, random) + "。",
            Form.Shows => random.Pick(["图片上是", "这张图片显示了", "我们可以看到"]) + head + Whole(scene, intent, random) + "。",
            Form.PlaceFirst => "在" + place + "有" + Whole(scene, intent, random) + "。",
            _ => Paragraph(scene, intent, place, random),
        };
    }

    /// <summary>Words that Chinese characters may be joined into, for a tokenizer: text has no blanks to show them.</summary>
    public IEnumerable<string> Words() =>
        Concepts.SelectMany(forms => forms).Where(form => !form.Contains('的') || form.Length == 3)
            .Concat(Places.SelectMany(forms => forms).Where(form => !form.Contains('的')).Select(form => form[..^1]))
            .Concat(["图片", "显示了", "我们", "可以", "看到", "这张", "这里", "一个", "场景", "没有", "别的", "东西", "发生在", "都是", "而且", "很小", "很大"]);

    public IReadOnlyList<IReadOnlyList<string>> Concepts { get; } =
    [
        .. Numbers.Skip(2).Select(number => new[] { number }),
        .. Sizes,
        .. Colors,
        .. Nouns.Select(nouns => nouns.Select(noun => noun.Word).ToArray()),
        .. Places,
        Left, Right, Above, Below, Inside, ["之间"],
    ];

    private static string Name(Group group, SceneRandom random)
    {
        var (word, classifier) = random.PickUsual(Nouns[(int)group.Thing]);
        var color = random.PickUsual(Colors[(int)group.Color]);
        var count = Numbers[group.Count] + classifier;
        // 一颗红色的小星星, or 一颗小小的红色星星.
        return group.Size != Size.Medium && random.Chance(0.3)
            ? $"{count}{random.PickUsual(Predicates[(int)group.Size])}{color}{word}"
            : $"{count}{color}的{Before[(int)group.Size]}{word}";
    }

    /// <summary>A noun phrase: what stands where modifies what is there, as Chinese does.</summary>
    private static string Whole(Scene scene, Intent intent, SceneRandom random)
    {
        var names = scene.Groups.Select(group => Name(group, random)).ToArray();
        return scene.Relation switch
        {
            Relation.Alone => names[0],
            Relation.Between => $"{Ends(names, intent)}之间的{names[0]}",
            Relation.Inside when intent.Reversed => $"{names[1]}，里面有{names[0]}",
            _ => intent.Reversed
                ? $"{names[0]}{Side(scene.Relation, true, random)}的{names[1]}"
                : $"{names[1]}{Side(scene.Relation, false, random)}的{names[0]}",
        };
    }

    /// <summary>A在B的左边, or B的左边有A.</summary>
    private static string Statement(Scene scene, Intent intent, SceneRandom random)
    {
        var names = scene.Groups.Select(group => Name(group, random)).ToArray();
        if (scene.Relation == Relation.Alone)
        {
            return "可以看到" + names[0];
        }
        if (scene.Relation == Relation.Between)
        {
            return intent.Reversed ? $"{Ends(names, intent)}之间有{names[0]}" : $"{names[0]}在{Ends(names, intent)}之间";
        }
        var reversed = intent.Reversed && scene.Relation != Relation.Inside;
        var (subject, other) = reversed ? (names[1], names[0]) : (names[0], names[1]);
        var side = Side(scene.Relation, reversed, random);
        return random.Chance(0.6) ? $"{subject}在{other}的{side}" : $"{other}的{side}有{subject}";
    }

    private static string Ends(string[] names, Intent intent) => intent.Reversed ? $"{names[2]}和{names[1]}" : $"{names[1]}和{names[2]}";

    private static string Side(Relation relation, bool reversed, SceneRandom random) => random.PickUsual((relation, reversed) switch
    {
        (Relation.LeftOf, false) => Left,
        (Relation.LeftOf, true) => Right,
        (Relation.Above, false) => Above,
        (Relation.Above, true) => Below,
        _ => Inside,
    });

    private static string Paragraph(Scene scene, Intent intent, string place, SceneRandom random)
    {
        var opening = random.Pick(["这张图片显示了" + place + "的一个场景", "场景发生在" + place, "我们在" + place]);
        var content = scene.Relation == Relation.Alone ? $"这里有{Name(scene.Groups[0], random)}，没有别的东西" : Statement(scene, intent, random);
        var group = scene.Groups[intent.Detail % scene.Groups.Count];
        var (word, classifier) = random.PickUsual(Nouns[(int)group.Thing]);
        var color = random.PickUsual(Colors[(int)group.Color]);
        var size = group.Size == Size.Medium ? "" : $"，而且{random.PickUsual(Predicates[(int)group.Size])[..^1]}";
        size = size.Replace("小小", "很小").Replace("大大", "很大");
        var detail = group.Count == 1 ? $"这{classifier}{word}是{color}的{size}"
            : $"这{Numbers[group.Count]}{classifier}{word}都是{color}的{size}";
        return $"{opening}。{content}。{detail}。";
    }
}
