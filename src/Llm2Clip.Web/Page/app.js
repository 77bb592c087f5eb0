// The page: a query, its answer, and the parts that show it.
import * as api from "./api.js";
import { Grid, fileName } from "./grid.js";
import { Importer } from "./importer.js";
import { Lightbox } from "./lightbox.js";
import { decimals, languageName, number, preferred, recall, remember, show, t } from "./text.js";

const get = id => document.getElementById(id);
const filters = ["from", "to", "folder", "shape", "not"];
const languages = ["ar", "de", "el", "en", "es", "fr", "he", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "th", "tr", "zh"];
const tries = 4;

const grid = new Grid(get("results"), place => lightbox.open(place));
const lightbox = new Lightbox(grid, hit => go({ similar: hit.image.id, name: fileName(hit.image.path) }));
const importer = new Importer(async isOver => {
  await update().catch(() => {});
  if (isOver && !head?.isAnswer) search(queryOfForm());
});

let server = { images: 0, languages: [] };
let head = null; // of the answer that is shown
let by = {}; // what is searched by beside the words: {similar, name} or {image, url, name}
let running = null; // ends the search that runs

// ---- The query and the address of the page

function queryOfForm() {
  const query = { words: get("query").value.trim(), language: get("language").value, ...by };
  for (const name of filters) query[name] = get(name).value.trim();
  return query;
}

/** The page's address holds all of a query but an image from elsewhere, so that it can be gone back to. */
function addressOf(query) {
  const parameters = new URLSearchParams();
  if (query.words) parameters.set("q", query.words);
  for (const name of ["language", "similar", ...filters]) if (query[name]) parameters.set(name, query[name]);
  return parameters.size > 0 ? `/?${parameters}` : "/";
}

function readAddress() {
  const parameters = new URLSearchParams(location.search);
  get("query").value = parameters.get("q") ?? "";
  for (const name of filters) choose(get(name), parameters.get(name) ?? "");
  choose(get("language"), parameters.get("language") ?? "");
  setImage(parameters.get("similar") ? { similar: parameters.get("similar"), name: t("likeThis") } : {});
  countFilters();
}

/** Sets a field; a choice that is not there is added, as the list may come later. */
function choose(field, value) {
  if (field.tagName === "SELECT" && ![...field.options].some(option => option.value === value)) field.add(new Option(value, value));
  field.value = value;
}

/** Searches by another image from now on. */
function go(image) {
  get("query").value = "";
  setImage(image);
  submit();
}

function setImage(image) {
  if (by.url) URL.revokeObjectURL(by.url);
  by = image;
  get("chip").hidden = !by.similar && !by.image;
  if (get("chip").hidden) return;
  get("chip-image").src = by.url ?? api.thumbnail(by.similar);
  get("chip-text").textContent = by.name;
}

function submit() {
  const query = queryOfForm();
  const address = addressOf(query);
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  return search(query);
}

// ---- The answer

async function search(query) {
  running?.abort();
  running = null;
  fail("");
  const mine = running = new AbortController();
  document.body.classList.add("busy"); // until the answer begins
  get("results").ariaBusy = "true"; // until all of it is there
  if (isQuery(query)) say(server.languages || !query.words ? t("searching") : t("loading"));
  try {
    await withRetries(() => ask(query, mine), mine);
  } catch (error) {
    if (mine.signal.aborted) return;
    say("");
    await explain(error, () => search(query));
  }
  if (running === mine) {
    running = null;
    document.body.classList.remove("busy");
    get("results").ariaBusy = "false";
  }
}

async function ask(query, mine) {
  await api.search(query, mine.signal, found => {
    clear();
    head = { ...found, isAnswer: isQuery(query) };
    get("start").hidden = head.isAnswer;
    showHead();
  }, hit => grid.add(hit));
}

/** Whether anything is searched for; else the newest images are shown. */
const isQuery = query => Boolean(query.words || query.similar || query.image);

async function withRetries(work, mine) {
  for (let left = tries; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof api.Refused) || error.status !== 503 || !error.retryAfter || left === 1 || server.teacher_problem) throw error;
      say(t("busy"));
      await new Promise(resolve => setTimeout(resolve, error.retryAfter * 1000));
      if (mine.signal.aborted) throw error;
    }
  }
}

function clear() {
  grid.clear();
  head = null;
  get("start").hidden = false;
  get("applied").hidden = true;
  document.body.classList.remove("busy");
  say("");
  nameDetected();
}

function showHead() {
  if (!head) return;
  const seconds = decimals(head.seconds.query + head.seconds.search, 2);
  say(head.found === 0 && head.images > 0 ? t("none")
    : head.isAnswer ? t("found", { found: number(head.found), images: number(head.images), seconds })
    : head.found > 0 ? t("newest") : "");
  get("applied").hidden = head.notes.length === 0;
  get("notes").replaceChildren(...head.notes.map(note => {
    const item = document.createElement("li");
    item.textContent = note;
    return item;
  }));
  nameDetected();
}

/** The choice "detect" says what was detected. */
function nameDetected() {
  const detect = get("language").options[0];
  if (!detect) return;
  const names = head?.language && !get("language").value ? head.language.split(", ").map(languageName).join(", ") : "";
  detect.textContent = names ? t("detected", { language: names }) : t("detect");
}

function say(text) {
  get("status").textContent = text;
}

function fail(text) {
  get("error").textContent = text;
  get("error").hidden = !text;
}

/** Says what went wrong; where the server asks who is there, asks the user, and goes on. */
async function explain(error, again) {
  if (error instanceof api.Refused && error.status === 401) {
    await signIn();
    return again();
  }
  fail(error instanceof api.Refused ? error.message : t("offline"));
}

// ---- Signing in

function signIn() {
  const dialog = get("signin");
  if (!dialog.open) dialog.showModal();
  return new Promise(resolve => {
    get("signin-form").onsubmit = async event => {
      event.preventDefault();
      get("signin-error").hidden = true;
      try {
        await api.signIn(get("token").value.trim());
        get("token").value = "";
        dialog.close();
        resolve();
        await start();
      } catch (error) {
        get("signin-error").textContent = error instanceof api.Refused ? error.message : t("offline");
        get("signin-error").hidden = false;
      }
    };
  });
}

// ---- What the server has

async function update() {
  server = await api.status();
  get("start-text").textContent = server.images > 0 ? t("startText", { images: number(server.images) }) : t("startEmpty");
  if (server.teacher_problem) fail(t("textProblem", { reason: server.teacher_problem }));
  listLanguages();
}

function listLanguages() {
  const chosen = get("language").value;
  const known = server.languages ?? [];
  const group = (label, labels) => {
    const made = document.createElement("optgroup");
    made.label = label;
    made.append(...labels.map(one => new Option(languageName(one), one)).sort((a, b) => a.text.localeCompare(b.text)));
    return made;
  };
  get("language").replaceChildren(
    new Option(t("detect"), ""),
    ...known.length > 0 ? [group(t("known"), known), group(t("others"), languages.filter(one => !known.includes(one)))]
      : [...group("", languages).children]);
  choose(get("language"), chosen);
  nameDetected();
}

async function listFolders() {
  const { first, last, folders } = await api.facets();
  for (const id of ["from", "to"]) [get(id).min, get(id).max] = [first ?? "", last ?? ""];
  const chosen = get("folder").value;
  get("folder").replaceChildren(
    new Option(t("anyFolder"), ""), ...folders.map(({ path, images }) => new Option(`${path} (${number(images)})`, path)));
  choose(get("folder"), chosen);
}

function countFilters() {
  const count = filters.filter(name => get(name).value).length;
  get("filters-count").textContent = count > 0 ? `(${count})` : "";
}

// ---- What the user does

get("search").addEventListener("submit", event => {
  event.preventDefault();
  submit();
});
get("query").addEventListener("search", () => !get("query").value && submit()); // the field's own cross
get("language").addEventListener("change", submit);
for (const name of filters) {
  get(name).addEventListener("change", () => {
    countFilters();
    submit();
  });
}
get("filters-clear").addEventListener("click", () => {
  for (const name of filters) get(name).value = "";
  countFilters();
  submit();
});
get("filters-toggle").addEventListener("click", () => {
  const isOpen = get("filters").hidden;
  get("filters").hidden = !isOpen;
  get("filters-toggle").setAttribute("aria-expanded", isOpen);
  if (isOpen) listFolders().catch(error => explain(error, listFolders));
});
get("chip-remove").addEventListener("click", () => {
  setImage({});
  submit();
  get("query").focus();
});
get("file").addEventListener("change", () => {
  take(get("file").files);
  get("file").value = "";
});
get("interface").addEventListener("change", () => draw(get("interface").value, true));
get("theme").addEventListener("change", () => color(get("theme").value, true));
addEventListener("popstate", () => {
  readAddress();
  search(queryOfForm());
});
addEventListener("paste", event => take(event.clipboardData?.files));
addEventListener("keydown", event => {
  if (event.key === "/" && !event.target.closest("input, select, textarea, dialog")) {
    event.preventDefault();
    get("query").focus();
  }
});

// An image from elsewhere, dropped anywhere on the page.
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, event => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    get("drop").hidden = false;
  });
}
addEventListener("dragleave", event => get("drop").hidden ||= event.relatedTarget === null);
addEventListener("drop", event => {
  event.preventDefault();
  get("drop").hidden = true;
  take(event.dataTransfer.files);
});

function take(files) {
  if (!files?.length) return;
  const [image] = files;
  if (!image.type.startsWith("image/")) {
    fail(t("notImage", { name: image.name }));
    return;
  }
  go({ image, url: URL.createObjectURL(image), name: image.name });
}

// ---- Language and colors of the page

function draw(language, keep) {
  show(language, keep);
  get("interface").value = language;
  listLanguages();
  if (server.images > 0) get("start-text").textContent = t("startText", { images: number(server.images) });
  showHead();
  lightbox.redraw();
  importer.redraw();
}

function color(scheme, keep) {
  document.documentElement.style.colorScheme = scheme;
  get("theme").value = scheme;
  if (keep) remember("llm2clip.theme", scheme);
}

async function start() {
  await update();
  await importer.offer(server.import_root);
  if (!server.languages && !server.teacher_problem) {
    setTimeout(() => update().catch(() => {}), 3000); // the teacher may be there by then
  }
}

color(recall("llm2clip.theme") ?? "light dark", false);
draw(preferred(), false);
readAddress();
try {
  await start();
  await search(queryOfForm());
} catch (error) {
  await explain(error, () => search(queryOfForm()));
}
