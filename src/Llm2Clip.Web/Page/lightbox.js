// One image, large, with what is known of it.
import { file, thumbnail } from "./api.js";
import { fileName, nameOf } from "./grid.js";
import { date, decimals, languageName, number, t } from "./text.js";

const get = id => document.getElementById(id);

export class Lightbox {
  #dialog = get("lightbox");
  #grid;
  #place = 0;

  /** @param grid the images that it turns through. @param onSimilar hears of an image to go on from. */
  constructor(grid, onSimilar) {
    this.#grid = grid;
    get("lightbox-close").addEventListener("click", () => this.#dialog.close());
    get("previous").addEventListener("click", () => this.#turn(-1));
    get("next").addEventListener("click", () => this.#turn(1));
    get("similar").addEventListener("click", () => {
      const hit = this.#hit;
      this.#dialog.close();
      onSimilar(hit);
    });
    this.#dialog.addEventListener("close", () => this.#grid.focus(this.#place));
    this.#dialog.addEventListener("click", event => event.target === this.#dialog && this.#dialog.close());
    this.#dialog.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) {
        event.preventDefault();
        this.#turn(step);
      }
    });
    get("lightbox-image").addEventListener("error", () => this.#onMissing());
  }

  get #hit() {
    return this.#grid.hits[this.#place];
  }

  open(place) {
    this.#place = place;
    this.#show();
    this.#dialog.showModal();
  }

  /** Texts in the page's language, where it is open. */
  redraw() {
    if (this.#dialog.open) this.#show();
  }

  #turn(step) {
    const place = this.#place + step;
    if (place < 0 || place >= this.#grid.hits.length) return;
    this.#place = place;
    this.#show();
  }

  #show() {
    const { image, score, alike } = this.#hit;
    const shown = get("lightbox-image");
    shown.alt = nameOf(this.#hit);
    shown.src = file(image.id);
    get("lightbox-title").textContent = fileName(image.path);
    get("lightbox-warning").hidden = true;
    get("original").hidden = false;
    get("original").href = file(image.id);
    get("previous").disabled = this.#place === 0;
    get("next").disabled = this.#place === this.#grid.hits.length - 1;
    get("facts").replaceChildren(...[
      ["date", image.taken && date(image.taken)],
      ["fileDate", !image.taken && image.date && date(image.date)],
      ["place", image.place && place(image.place)],
      ["size", `${number(image.width)} × ${number(image.height)}`],
      ["score", score !== null && decimals(score, 3)],
      ["path", image.path],
    ].filter(([, value]) => value).flatMap(([key, value]) => [element("dt", t(key)), element("dd", value)]));
    fill("captions", image.captions.map(caption => {
      const tag = element("span", languageName(caption.language));
      tag.className = "tag";
      const text = element("span", caption.text);
      text.lang = caption.language;
      return [tag, text];
    }));
    fill("alike", alike.map(other => {
      const picture = document.createElement("img");
      picture.src = thumbnail(other.id);
      picture.alt = fileName(other.path);
      picture.title = other.path;
      const link = document.createElement("a");
      link.href = file(other.id);
      link.target = "_blank";
      link.rel = "noopener";
      link.append(picture);
      return [link];
    }));
  }

  // The original is gone, changed or not to be given out: the index still has its thumbnail.
  async #onMissing() {
    const { image } = this.#hit;
    const shown = get("lightbox-image");
    if (shown.src.endsWith(thumbnail(image.id))) return;
    shown.src = thumbnail(image.id);
    get("original").hidden = true;
    const response = await fetch(file(image.id)).catch(() => null);
    const reason = response?.ok === false ? (await response.json().catch(() => null))?.detail : "";
    if (this.#hit?.image.id === image.id) {
      get("lightbox-warning").textContent = t("gone", { reason: reason ?? "" });
      get("lightbox-warning").hidden = false;
    }
  }
}

const place = ({ latitude, longitude }) =>
  `${decimals(Math.abs(latitude), 4)} ${latitude < 0 ? "S" : "N"}, ${decimals(Math.abs(longitude), 4)} ${longitude < 0 ? "W" : "E"}`;

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function fill(id, items) {
  get(id).hidden = items.length === 0;
  get(id).querySelector("ul").replaceChildren(...items.map(parts => {
    const item = document.createElement("li");
    item.append(...parts);
    return item;
  }));
}
