// What the page asks of the server.

/** An answer that is no success; the server says why. */
export class Refused extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

async function ask(url, options) {
  const response = await fetch(url, options);
  if (response.ok) return response;
  let detail = response.statusText;
  try {
    detail = (await response.json()).detail ?? detail;
  } catch { /* not an answer of the server's own */ }
  throw new Refused(response.status, detail, Number(response.headers.get("Retry-After") ?? 0));
}

const json = async (url, options) => (await ask(url, options)).json();

const send = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const session = () => json("/api/session");
export const signIn = token => json("/api/session", send("POST", { token }));
export const status = () => json("/api/status");
export const facets = () => json("/api/facets");
export const facts = id => json(`/api/images/${id}`);
export const importState = () => json("/api/import");
export const importFolders = below => json(`/api/import/folders?below=${encodeURIComponent(below)}`);
export const startImport = folder => json("/api/import", send("POST", { folder }));
export const stopImport = () => json("/api/import", { method: "DELETE" });
export const importEvents = () => new EventSource("/api/import/events");

const most = 200;

export const thumbnail = id => `/api/images/${id}/thumbnail`;
export const file = id => `/api/images/${id}/file`;

/**
 * Searches, and gives what was applied and the images as they come.
 * @param query {words, not, language, from, to, folder, shape, similar, image}: an id in similar, or a file in image, or words.
 * @param signal ends it.
 * @param onHead hears what was applied.
 * @param onHit hears of each image.
 */
export async function search(query, signal, onHead, onHit) {
  const parameters = new URLSearchParams();
  const add = (name, value) => value && parameters.append(name, value);
  add("top", most);
  for (const name of ["from", "to", "folder", "shape"]) add(name, query[name]);
  let path = "/api/search";
  if (query.similar && !query.words && !query.not) {
    path = `/api/similar/${query.similar}`;
  } else if (!query.words && !query.similar && !query.image) {
    path = "/api/images"; // the newest
  } else {
    add("q", query.words);
    add("not", query.not);
    add("language", query.language);
    add("like", query.similar);
  }
  const options = { signal, headers: { Accept: "application/x-ndjson" } };
  if (query.image) {
    options.method = "POST";
    options.headers["Content-Type"] = query.image.type;
    options.body = query.image;
  }
  const response = await ask(`${path}?${parameters}`, options);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const { head, hit } = JSON.parse(line);
      if (head) onHead(head);
      if (hit) onHit(hit);
    }
    if (done) return;
  }
}
