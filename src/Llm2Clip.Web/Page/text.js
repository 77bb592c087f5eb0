// The page's own texts. A key that a language lacks is a mistake, which a test finds.
export const texts = {
  en: {
    skip: "Skip to the images", query: "Look for", placeholder: "A sentence in any language", search: "Search",
    byImage: "Search by an image", removeImage: "Search without this image", queryLanguage: "Query in", detect: "Detect",
    detected: "Detected: {language}", known: "Known to the teacher", others: "Others", filters: "Filters", import: "Import",
    interface: "Language of this page", theme: "Colors", themeAuto: "Auto", themeLight: "Light", themeDark: "Dark",
    from: "From", to: "To", folder: "Folder", anyFolder: "All folders", shape: "Shape", any: "Any", landscape: "Landscape",
    portrait: "Portrait", square: "Square", not: "Without", notPlaceholder: "What the images should not show", clear: "Clear",
    start: "Start", stop: "Stop", close: "Close", startText: "Describe one of {images} images in any language.",
    startHint: "Drop an image anywhere to find similar ones.", startEmpty: "There are no images in this index yet.",
    drop: "Drop the image to find similar ones", searching: "Searching …", loading: "The language model is being loaded …",
    newest: "The newest images", found: "{found} of {images} images, {seconds} s", none: "No image was found. Take a filter away, or say it in other words.",
    applied: "What was applied", previous: "Previous image", next: "Next image", similar: "More like this", original: "Original",
    captions: "Captions", alike: "Looks the same", date: "Date", fileDate: "Date of the file", place: "Place", size: "Size",
    path: "Path", score: "Score", likeThis: "Like this image", gone: "The original cannot be shown: {reason}",
    importTitle: "Import a folder", importFrom: "A folder below", importing: "{done} of {total} images, {left} left",
    importingNew: "{done} images", imported: "Done: {encoded} new, {unchanged} unchanged, {removed} removed, {bad} not readable.",
    stopped: "Stopped after {done} images, which are kept.", failed: "Failed: {reason}", seconds: "{n} s", minutes: "{n} min",
    signinTitle: "Sign in", signinHint: "This server asks for its token. Who started it finds it in the file of --token-file.",
    token: "Token", signin: "Sign in", offline: "The server does not answer. Is it still running?",
    busy: "The server has much to do; asking again …", notImage: "{name} is not an image.", textProblem: "Images are found by images alone: {reason}",
    tile: "{rank}: {name}", moreAlike: "(+{n} that look the same)",
  },
  de: {
    skip: "Zu den Bildern springen", query: "Suchen nach", placeholder: "Ein Satz in beliebiger Sprache", search: "Suchen",
    byImage: "Mit einem Bild suchen", removeImage: "Ohne dieses Bild suchen", queryLanguage: "Anfrage auf", detect: "Erkennen",
    detected: "Erkannt: {language}", known: "Dem Modell bekannt", others: "Andere", filters: "Filter", import: "Importieren",
    interface: "Sprache dieser Seite", theme: "Farben", themeAuto: "Automatisch", themeLight: "Hell", themeDark: "Dunkel",
    from: "Von", to: "Bis", folder: "Ordner", anyFolder: "Alle Ordner", shape: "Format", any: "Alle", landscape: "Querformat",
    portrait: "Hochformat", square: "Quadrat", not: "Ohne", notPlaceholder: "Was die Bilder nicht zeigen sollen", clear: "Zurücksetzen",
    start: "Starten", stop: "Anhalten", close: "Schließen", startText: "Beschreiben Sie eines von {images} Bildern, in beliebiger Sprache.",
    startHint: "Ein Bild irgendwo ablegen, um ähnliche zu finden.", startEmpty: "In diesem Index sind noch keine Bilder.",
    drop: "Bild ablegen, um ähnliche zu finden", searching: "Suche läuft …", loading: "Das Sprachmodell wird geladen …",
    newest: "Die neuesten Bilder", found: "{found} von {images} Bildern, {seconds} s", none: "Kein Bild gefunden. Nehmen Sie einen Filter weg, oder sagen Sie es anders.",
    applied: "Was angewandt wurde", previous: "Voriges Bild", next: "Nächstes Bild", similar: "Ähnliche Bilder", original: "Original",
    captions: "Beschreibungen", alike: "Sieht gleich aus", date: "Datum", fileDate: "Datum der Datei", place: "Ort", size: "Größe",
    path: "Pfad", score: "Wert", likeThis: "Wie dieses Bild", gone: "Das Original kann nicht gezeigt werden: {reason}",
    importTitle: "Ordner importieren", importFrom: "Ein Ordner unterhalb von", importing: "{done} von {total} Bildern, noch {left}",
    importingNew: "{done} Bilder", imported: "Fertig: {encoded} neu, {unchanged} unverändert, {removed} entfernt, {bad} nicht lesbar.",
    stopped: "Angehalten nach {done} Bildern; diese bleiben.", failed: "Fehlgeschlagen: {reason}", seconds: "{n} s", minutes: "{n} min",
    signinTitle: "Anmelden", signinHint: "Dieser Server verlangt sein Token. Wer ihn gestartet hat, findet es in der Datei von --token-file.",
    token: "Token", signin: "Anmelden", offline: "Der Server antwortet nicht. Läuft er noch?",
    busy: "Der Server hat viel zu tun; es wird noch einmal gefragt …", notImage: "{name} ist kein Bild.", textProblem: "Bilder werden nur durch Bilder gefunden: {reason}",
    tile: "{rank}: {name}", moreAlike: "(+{n}, die gleich aussehen)",
  },
  zh: {
    skip: "跳到图片", query: "搜索", placeholder: "用任何语言写一句话", search: "搜索",
    byImage: "以图搜图", removeImage: "不用这张图片搜索", queryLanguage: "查询语言", detect: "自动识别",
    detected: "识别为：{language}", known: "模型熟悉的语言", others: "其他", filters: "筛选", import: "导入",
    interface: "界面语言", theme: "颜色", themeAuto: "自动", themeLight: "浅色", themeDark: "深色",
    from: "从", to: "到", folder: "文件夹", anyFolder: "所有文件夹", shape: "形状", any: "不限", landscape: "横向",
    portrait: "纵向", square: "方形", not: "不含", notPlaceholder: "图片中不应出现的内容", clear: "清除",
    start: "开始", stop: "停止", close: "关闭", startText: "共 {images} 张图片。请用任何语言描述您要找的那一张。",
    startHint: "把图片拖到任意位置，即可查找相似的图片。", startEmpty: "索引中还没有图片。",
    drop: "松开以查找相似的图片", searching: "正在搜索……", loading: "正在加载语言模型……",
    newest: "最新的图片", found: "{images} 张图片中的 {found} 张，{seconds} 秒", none: "没有找到图片。请减少筛选条件，或换一种说法。",
    applied: "所用的处理", previous: "上一张", next: "下一张", similar: "更多相似图片", original: "原图",
    captions: "图片说明", alike: "看起来相同", date: "日期", fileDate: "文件日期", place: "地点", size: "尺寸",
    path: "路径", score: "得分", likeThis: "与此图相似", gone: "无法显示原图：{reason}",
    importTitle: "导入文件夹", importFrom: "文件夹须位于", importing: "{total} 张中的 {done} 张，剩余 {left}",
    importingNew: "{done} 张图片", imported: "完成：新增 {encoded}，未变 {unchanged}，移除 {removed}，无法读取 {bad}。",
    stopped: "已停止，保留 {done} 张图片。", failed: "失败：{reason}", seconds: "{n} 秒", minutes: "{n} 分钟",
    signinTitle: "登录", signinHint: "此服务器需要令牌。启动服务器的人可在 --token-file 指定的文件中找到它。",
    token: "令牌", signin: "登录", offline: "服务器没有响应。它还在运行吗？",
    busy: "服务器繁忙，正在重试……", notImage: "{name} 不是图片。", textProblem: "只能以图搜图：{reason}",
    tile: "{rank}：{name}", moreAlike: "（+{n} 张看起来相同）",
  },
};

const stored = "llm2clip.interface";
let language = "en";

/** The language of the page: one that was chosen, else the browser's, else English. */
export function preferred() {
  const wanted = [recall(stored), ...navigator.languages].filter(Boolean).map(one => one.slice(0, 2).toLowerCase());
  return wanted.find(one => one in texts) ?? "en";
}

/** A text of the page with its holes filled. */
export function t(key, values = {}) {
  return texts[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Shows the page in a language. */
export function show(chosen, keep) {
  language = chosen;
  if (keep) remember(stored, chosen);
  document.documentElement.lang = chosen;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-placeholder]")) element.placeholder = t(element.dataset.placeholder);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  for (const element of document.querySelectorAll("[data-title]")) element.title = t(element.dataset.title);
}

export const number = value => new Intl.NumberFormat(language).format(value);

export const decimals = (value, digits) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** A camera's own time has no zone: it is shown as it is. */
export function date(text) {
  const format = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
  return format.format(new Date(`${text.replace(/(\.\d+)?Z?$/, "")}Z`));
}

/** A language's name in the language of the page, such as "German"; a label of the data's own stays as it is. */
export function languageName(label) {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(label) ?? label;
  } catch {
    return label;
  }
}

/** Time left, in seconds or minutes. */
export const duration = seconds => seconds < 90
  ? t("seconds", { n: number(Math.ceil(seconds)) })
  : t("minutes", { n: number(Math.ceil(seconds / 60)) });

/** Storage may be forbidden; the page works without it. */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch { /* nothing is kept then */ }
}

export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
