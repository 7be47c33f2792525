// What the proxy tells: one stream of events for figures and exchanges, and pages on demand.
import {Store} from "./dom.js";

const KEY = "penstock-key";
const MAX_FINISHED = 300;
const MAX_POINTS = 300;
const MAX_GAP_MILLIS = 5000;
const MARK_MILLIS = 60_000;
const HIDDEN_MILLIS = 30_000;
const FIRST_RETRY_MILLIS = 1000;
const MAX_RETRY_MILLIS = 15_000;

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** Where data comes from: the admin port's paths, or those for callers. */
export const DATA = meta("penstock-data");
export const IS_ADMIN = DATA === "/admin";

/** Ports that serve callers, as the admin port names them. */
export const CALLER_PORTS = meta("penstock-ports").split(" ").filter(Boolean);

/** The credential, for as long as the tab lives; never in an address. */
export const credential = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  clear: () => sessionStorage.removeItem(KEY),
};

export function headers(more = {}) {
  const key = credential.get();
  return key ? {...more, authorization: `Bearer ${key}`} : more;
}

/** A page of the proxy's as JSON; throws what it says is wrong. */
export async function getJson(path) {
  const response = await fetch(path, {headers: headers(), cache: "no-store"});
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    throw new ProxyError(response.status, body?.error?.message);
  }
  return body;
}

export class ProxyError extends Error {
  constructor(status, message) {
    super(message || `The proxy answered with status ${status}.`);
    this.status = status;
  }
}

/** Reads `text/event-stream` (WHATWG HTML, 9.2): gives each event's name and data. */
export async function readEvents(response, onEvent) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) {
      return;
    }
    rest += value;
    let end = rest.search(/\r?\n\r?\n/);
    while (end >= 0) {
      let name = "message";
      const data = [];
      for (const line of rest.slice(0, end).split(/\r?\n/)) {
        if (line.startsWith("event:")) {
          name = line.slice(6).trim();
        } else if (line.startsWith("data:")) {
          data.push(line.slice(5).replace(/^ /, ""));
        }
      }
      rest = rest.slice(end).replace(/^\r?\n\r?\n/, "");
      if (data.length > 0) {
        onEvent(name, data.join("\n"));
      }
      end = rest.search(/\r?\n\r?\n/);
    }
  }
}

/** The feed: connected while the page is seen, and again after every break. */
class Feed extends Store {
  state = "connecting"; // connecting, open, lost, refused
  problem = "";
  overview = null;
  running = {total: 0, exchanges: []};
  finished = []; // the newest first
  missedExchanges = 0;
  missedTexts = 0;
  points = [];
  barMillis = [];
  marks = []; // the figures of the last minute, the oldest first
  #known = new Set();
  #stop = null;
  #retryMillis = FIRST_RETRY_MILLIS;
  #timer = 0;

  start() {
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.#timer);
      if (document.hidden) {
        this.#timer = setTimeout(() => this.#stop?.abort(), HIDDEN_MILLIS);
      } else if (this.state === "lost" || this.#stop?.signal.aborted) {
        this.connect();
      }
    });
    this.connect();
  }

  async connect() {
    clearTimeout(this.#timer);
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    try {
      const response = await fetch(`${DATA}/events`, {headers: headers(), cache: "no-store",
        signal: stop.signal});
      if (!response.ok) {
        const body = await response.json().catch(() => null);
        throw new ProxyError(response.status, body?.error?.message);
      }
      this.#retryMillis = FIRST_RETRY_MILLIS;
      this.#moveTo("open", "");
      await readEvents(response, (name, data) => this.#on(name, JSON.parse(data)));
      throw new Error("The proxy ended the feed.");
    } catch (error) {
      if (this.#stop === stop) {
        this.#onEnd(error, stop.signal.aborted);
      }
    }
  }

  #onEnd(error, asked) {
    if (error.status === 401 || error.status === 403) {
      this.#moveTo("refused", error.message);
      return;
    }
    this.#moveTo("lost", error.status ? error.message : "");
    if (!asked) {
      this.#timer = setTimeout(() => this.connect(), this.#retryMillis);
      this.#retryMillis = Math.min(MAX_RETRY_MILLIS, this.#retryMillis * 2);
    }
  }

  #moveTo(state, problem) {
    this.state = state;
    this.problem = problem;
    this.changed();
  }

  #on(name, data) {
    switch (name) {
      case "history":
        this.barMillis = data.bar_ms;
        this.points = [];
        data.points.forEach((point) => this.#add(point));
        break;
      case "overview":
        this.overview = data;
        this.marks.push({at: Date.now(), overview: data});
        this.marks = this.marks.filter((each) => each.at > Date.now() - MARK_MILLIS - 1000);
        if (data.point && data.point[0] !== this.points.at(-1)?.[0]) {
          this.#add(data.point);
        }
        break;
      case "running":
        this.running = data;
        break;
      case "finished":
        this.missedExchanges += data.missed;
        data.exchanges.forEach((exchange) => this.#finish(exchange));
        break;
      case "missed":
        this.missedTexts += data;
        break;
      default:
        return;
    }
    this.changed();
  }

  /** A line of a plot breaks where nothing was measured for a while. */
  #add(point) {
    const last = this.points.at(-1);
    if (last && point[0] - last[0] > MAX_GAP_MILLIS) {
      this.points.push([last[0] + 1000, ...point.slice(1).map(() => null)]);
    }
    this.points.push(point);
    this.points = this.points.slice(-MAX_POINTS);
  }

  #finish(exchange) {
    const key = `${exchange.id} ${exchange.ended_at}`;
    if (this.#known.has(key)) {
      return;
    }
    this.#known.add(key);
    this.finished.unshift(exchange);
    for (const old of this.finished.splice(MAX_FINISHED)) {
      this.#known.delete(`${old.id} ${old.ended_at}`);
    }
  }
}

export const feed = new Feed();
