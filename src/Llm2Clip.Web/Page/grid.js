// A justified grid: rows of images of the same height, as wide as the page; one stop of the tab key, arrows within.
import { thumbnail } from "./api.js";
import { decimals, t } from "./text.js";

const widest = 3.2; // images beyond these shapes are cut to them
const narrowest = 0.45;

export class Grid {
  #list;
  #hits = [];
  #tiles = [];
  #rows = [];
  #open;
  #planned = 0;

  constructor(list, open) {
    this.#list = list;
    this.#open = open;
    list.addEventListener("keydown", event => this.#onKey(event));
    list.addEventListener("click", event => {
      const tile = event.target.closest(".tile");
      if (tile) this.#open(this.#tiles.indexOf(tile));
    });
    new ResizeObserver(() => this.#plan()).observe(list.parentElement);
  }

  get hits() {
    return this.#hits;
  }

  clear() {
    this.#hits = [];
    this.#tiles = [];
    this.#list.replaceChildren();
  }

  add(hit) {
    const tile = document.createElement("button");
    tile.type = "button";
    tile.className = "tile";
    tile.tabIndex = this.#tiles.length === 0 ? 0 : -1;
    const image = document.createElement("img");
    image.alt = nameOf(hit);
    image.decoding = "async";
    if (this.#tiles.length > 24) image.loading = "lazy";
    image.src = thumbnail(hit.image.id);
    tile.append(image);
    // Drawn by the style sheet: what is text in a button would have to be in its name word by word.
    if (hit.score !== null) tile.dataset.score = decimals(hit.score, 3);
    const alike = hit.alike.length > 0 ? ` ${t("moreAlike", { n: hit.alike.length })}` : "";
    if (alike) tile.dataset.more = `+${hit.alike.length}`;
    tile.setAttribute("aria-label", t("tile", { rank: hit.rank, name: nameOf(hit) }) + alike);
    tile.title = nameOf(hit) + alike;
    const item = document.createElement("li");
    item.append(tile);
    this.#hits.push(hit);
    this.#tiles.push(tile);
    this.#list.append(item);
    this.#plan();
  }

  focus(place) {
    if (place < 0 || place >= this.#tiles.length) return;
    for (const [other, tile] of this.#tiles.entries()) tile.tabIndex = other === place ? 0 : -1;
    this.#tiles[place].focus();
    this.#tiles[place].scrollIntoView({ block: "nearest" });
  }

  // Once per frame, however many images came.
  #plan() {
    this.#planned ||= requestAnimationFrame(() => {
      this.#planned = 0;
      this.#layOut();
    });
  }

  #layOut() {
    const width = Math.floor(this.#list.getBoundingClientRect().width); // clientWidth is rounded, and may be too wide
    const gap = parseFloat(getComputedStyle(this.#list).columnGap) || 0;
    const wanted = width < 600 ? 118 : width < 1200 ? 170 : 200;
    this.#rows = [];
    let row = [];
    let sum = 0;
    const heightOf = (shapes, count) => (width - gap * (count - 1)) / shapes;
    for (const [place, { image }] of this.#hits.entries()) {
      const shape = Math.min(widest, Math.max(narrowest, image.width / image.height));
      const [without, withIt] = [heightOf(sum, row.length), heightOf(sum + shape, row.length + 1)];
      // A row ends before the image that would make it lower than it is too high without.
      if (row.length > 0 && without / wanted < wanted / withIt) {
        this.#set(row, without, width, gap);
        row = [];
        sum = 0;
      }
      row.push({ place, shape });
      sum += shape;
    }
    // The last row is as high as the others, and ends where it ends.
    if (row.length > 0) this.#set(row, Math.min(wanted, heightOf(sum, row.length)), 0, gap);
  }

  #set(row, height, width, gap) {
    this.#rows.push(row.map(one => one.place));
    let left = width - gap * (row.length - 1);
    for (const [at, { place, shape }] of row.entries()) {
      // Whole pixels; the last one takes what rounding leaves.
      const own = width > 0 && at === row.length - 1 ? left : Math.floor(shape * height);
      left -= own;
      const style = this.#tiles[place].parentElement.style;
      style.width = `${own}px`;
      style.height = `${Math.round(height)}px`;
    }
  }

  #onKey(event) {
    const place = this.#tiles.indexOf(document.activeElement);
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = {
      ArrowLeft: () => place - 1,
      ArrowRight: () => place + 1,
      ArrowUp: () => this.#above(place, -1),
      ArrowDown: () => this.#above(place, 1),
      Home: () => 0,
      End: () => this.#tiles.length - 1,
    }[event.key]?.();
    if (to === undefined) return;
    event.preventDefault();
    this.focus(to);
  }

  // The image in the next row whose middle is nearest.
  #above(place, step) {
    const row = this.#rows[this.#rows.findIndex(one => one.includes(place)) + step] ?? [];
    const middle = one => {
      const box = this.#tiles[one].getBoundingClientRect();
      return box.left + box.width / 2;
    };
    const from = middle(place);
    return row.reduce((best, one) => best < 0 || Math.abs(middle(one) - from) < Math.abs(middle(best) - from) ? one : best, -1);
  }
}

/** What an image is called: its first caption, else its file's name. */
export const nameOf = hit => hit.image.captions[0]?.text ?? fileName(hit.image.path);

export const fileName = path => path.split(/[\/\\]|: /).pop();
