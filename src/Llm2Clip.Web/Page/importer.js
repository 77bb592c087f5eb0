// The import of a folder, with its progress as it comes.
import * as api from "./api.js";
import { duration, number, t } from "./text.js";

const get = id => document.getElementById(id);

export class Importer {
  #events = null;
  #state = { phase: "none" };
  #onProgress;

  /** @param onProgress hears when images have come, and whether these were the last. */
  constructor(onProgress) {
    this.#onProgress = onProgress;
    get("import-open").addEventListener("click", () => this.#open());
    get("importer-close").addEventListener("click", () => get("importer").close());
    get("importer-stop").addEventListener("click", () => api.stopImport().catch(error => this.#fail(error)));
    get("importer-form").addEventListener("submit", async event => {
      event.preventDefault();
      get("importer-error").hidden = true;
      try {
        this.#show(await api.startImport(get("importer-folder").value.trim()));
        this.#listen();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** Offers the import where the server has a folder for it, and follows one that runs. */
  async offer(root) {
    get("import-open").hidden = !root;
    get("importer-root").textContent = root ?? "";
    if (!root) return;
    this.#show(await api.importState());
    if (this.#state.phase === "running") this.#listen();
  }

  redraw() {
    this.#show(this.#state);
  }

  async #open() {
    get("importer").showModal();
    const { folders } = await api.importFolders("").catch(() => ({ folders: [] }));
    get("importer-folders").replaceChildren(...folders.map(folder => new Option(folder, folder)));
  }

  #listen() {
    this.#events?.close();
    this.#events = api.importEvents();
    this.#events.addEventListener("import", event => {
      this.#show(JSON.parse(event.data));
      const isOver = this.#state.phase !== "running";
      this.#onProgress(isOver);
      if (isOver) this.#events.close();
    });
  }

  #show(state) {
    this.#state = state;
    const isRunning = state.phase === "running";
    get("importer-progress").hidden = state.phase === "none";
    get("importer-start").disabled = isRunning;
    get("importer-stop").hidden = !isRunning;
    const bar = get("importer-bar");
    bar.max = state.total || 1;
    if (isRunning && !state.total) bar.removeAttribute("value");
    else bar.value = isRunning ? state.done : bar.max;
    const counts = state.report?.counts;
    get("importer-text").textContent = {
      none: () => "",
      running: () => state.left === null
        ? t("importingNew", { done: number(state.done) })
        : t("importing", { done: number(state.done), total: number(state.total), left: duration(state.left) }),
      done: () => t("imported", {
        encoded: number(counts.encoded + counts.taken), unchanged: number(counts.unchanged), removed: number(counts.removed), bad: number(counts.bad),
      }),
      stopped: () => t("stopped", { done: number(state.done) }),
      failed: () => t("failed", { reason: state.error }),
    }[state.phase]();
    get("importer-notes").replaceChildren(...(state.notes ?? []).map(note => {
      const item = document.createElement("li");
      item.textContent = note;
      return item;
    }));
  }

  #fail(error) {
    get("importer-error").textContent = error.message;
    get("importer-error").hidden = false;
  }
}
