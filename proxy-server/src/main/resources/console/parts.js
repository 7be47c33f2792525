// Small parts that all views share.
import {Store, tags} from "./dom.js";
import * as format from "./format.js";

const {a, dd, div, dt, p, section, span, h2, strong} = tags;

const THEME = "penstock-theme";

/** Dark, light, or what the system wants. */
class Theme extends Store {
  choice = localStorage.getItem(THEME) ?? "auto";

  start() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.changed());
    this.#apply();
  }

  next() {
    const choices = ["auto", "light", "dark"];
    this.choice = choices[(choices.indexOf(this.choice) + 1) % choices.length];
    localStorage.setItem(THEME, this.choice);
    this.#apply();
    this.changed();
  }

  #apply() {
    document.documentElement.dataset.theme = this.choice;
  }
}

export const theme = new Theme();

export function Dot({tone, label}) {
  return span(label ? {class: `dot ${tone}`, role: "img", "aria-label": label}
      : {class: `dot ${tone}`, "aria-hidden": "true"});
}

export function Pill({tone, children}) {
  return span({class: `pill ${tone ?? ""}`}, children);
}

export function Empty({title, children}) {
  return div({class: "empty"}, strong({}, title), children && p({}, children));
}

export function Panel({title, aside, children, class: more}) {
  return section({class: `panel ${more ?? ""}`},
      div({class: "panel-head"}, h2({}, title), aside && div({class: "aside"}, aside)),
      children);
}

/** What may be wider than the page; keys scroll it. */
export function Scroll({label, children}) {
  return div({class: "scroll", tabIndex: 0, role: "region", "aria-label": label}, children);
}

export function Fact({name, children}) {
  return div({class: "fact"}, dt({}, name), dd({}, children));
}

export const toneOfBreaker = (state) =>
  ({closed: "good", half_open: "warn", open: "bad"})[state] ?? "";

/** How a status reads: green for good, amber for the caller's own mistake, red for ours. */
export function toneOf(exchange) {
  if (exchange.failure === "caller_gone") {
    return "";
  }
  return exchange.status >= 500 || (exchange.failure && exchange.status < 400) ? "bad"
      : exchange.status >= 400 ? "warn" : "good";
}

/** Failed by a provider's or the proxy's doing, not by the caller's. */
export const isFault = (exchange) => exchange.status >= 500
  || Boolean(exchange.failure) && exchange.status < 400;

export const isError = (exchange) =>
  exchange.status >= 400 && exchange.failure !== "caller_gone"
    || Boolean(exchange.failure) && exchange.failure !== "caller_gone";

export const tried = (exchange) =>
  exchange.attempts.filter((each) => each.why !== "skipped").length;

export const linkTo = (exchange) => `#/exchanges/${encodeURIComponent(exchange.id)}`;

/** What the phases of an attempt are called, in their order, with their colours' classes. */
export const PHASES = [
  ["slot", "slot of the provider"], ["connect", "connection"], ["head", "reply's head"],
  ["content", "first content"], ["reply", "rest of the reply"],
];
export const STAGES = [
  ["receive", "request"], ["queue", "queue"], ["provider", "provider"], ["proxy", "proxy"],
  ["reply", "rest of the reply"],
];

export function Legend({of}) {
  return div({class: "legend"}, of.map(([name, label]) =>
    span({}, span({class: `swatch ph-${name}`, "aria-hidden": "true"}), label)));
}

/** Parts of a whole as one bar; `all` is what the full width stands for. */
export function Bar({parts, all, offset = 0, label}) {
  let from = offset;
  return div({class: "bar", role: "img", "aria-label": label},
      parts.filter(([, value]) => value > 0).map(([name, value]) => {
        const left = from;
        from += value;
        return span({class: `ph-${name}`, title: `${name} ${format.millis(value)}`,
          style: {left: `${100 * left / all}%`, width: `${Math.max(100 * value / all, 0.4)}%`}});
      }));
}

/** The stages until the reply began, and the rest of it. */
export function stagesOf(exchange) {
  const stages = exchange.stages;
  if (!stages) {
    return [["proxy", exchange.ms]];
  }
  const until = stages.receive + stages.queue + stages.provider + stages.proxy;
  return [["receive", stages.receive], ["queue", stages.queue], ["provider", stages.provider],
    ["proxy", stages.proxy], ["reply", Math.max(0, exchange.ms - until)]];
}

export function TimeBar({exchange, all}) {
  const parts = stagesOf(exchange);
  const said = parts.filter(([, value]) => value > 0)
      .map(([name, value]) => `${name} ${format.millis(value)}`).join(", ");
  return Bar({parts, all: all ?? exchange.ms, label: said});
}

export function ExchangeLink({exchange}) {
  return a({href: linkTo(exchange), class: "mono"}, exchange.id);
}
