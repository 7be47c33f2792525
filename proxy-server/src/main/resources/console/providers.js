// Each provider: is it asked, how does it do, what rests.
import {h, tags, useEffect, useState, useStore} from "./dom.js";
import {feed, getJson} from "./feed.js";
import * as format from "./format.js";
import {Dot, Empty, Fact, Pill, Scroll, toneOfBreaker} from "./parts.js";

const {article, code, details, div, dl, h2, p, span, summary, table, tbody, td, th, thead, tr} =
  tags;
const POLL_MILLIS = 2000;

/** A page of the proxy's, asked for again and again while a view shows it. */
export function usePage(path, pollMillis) {
  const [page, setPage] = useState({});
  useEffect(() => {
    let ended = false;
    let timer = 0;
    const ask = async () => {
      if (!document.hidden) {
        try {
          const body = await getJson(path);
          if (!ended) {
            setPage({body});
          }
        } catch (error) {
          if (!ended) {
            setPage((before) => ({...before, error}));
          }
        }
      }
      if (!ended) {
        timer = setTimeout(ask, pollMillis);
      }
    };
    ask();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [path]);
  return page;
}

export function Providers() {
  const {overview, barMillis} = useStore(feed);
  const {body, error} = usePage("/providers", POLL_MILLIS);
  if (!body) {
    return h(Empty, {title: error ? "The providers cannot be read" : "Reading the providers"},
        error?.message);
  }
  if (body.providers.length === 0) {
    return h(Empty, {title: "No provider is configured"},
        "Add one below `providers` in the configuration, or put its API key into the environment.");
  }
  const figures = new Map((overview?.providers ?? []).map((each) => [each.name, each]));
  return div({class: "view cards"}, body.providers.map((each) =>
    h(Provider, {key: each.name, provider: each, figures: figures.get(each.name), barMillis})));
}

function Provider({provider, figures, barMillis}) {
  const rests = format.until(provider.cooldown_until);
  return article({class: `panel provider ${provider.enabled ? "" : "off"}`,
    "aria-label": provider.name},
      div({class: "panel-head"},
          h2({}, h(Dot, {tone: provider.enabled ? toneOfBreaker(provider.breaker) : "",
            label: ""}), provider.name),
          div({class: "aside"},
              h(Pill, {}, provider.type),
              !provider.enabled ? h(Pill, {}, "disabled")
              : h(Pill, {tone: toneOfBreaker(provider.breaker)},
                  `breaker ${format.words(provider.breaker)}`),
              rests && h(Pill, {tone: "warn"}, `rests ${rests}`))),
      p({class: "mono muted clip"}, provider.base_url),
      dl({class: "facts"},
          h(Fact, {name: "Calls/s"}, format.rate(figures?.attempts_per_second)),
          h(Fact, {name: "Failed"}, figures
              ? format.percent(figures.failed, figures.attempts) : "–"),
          h(Fact, {name: "In flight"}, format.count(provider.in_flight),
              provider.concurrency_limit ? ` of ${provider.concurrency_limit}` : ""),
          h(Fact, {name: "Waiting"}, format.count(provider.waiting)),
          h(Fact, {name: "First content"}, format.millis(figures?.ttft_p50_ms)),
          h(Fact, {name: "p99"}, format.millis(figures?.ttft_p99_ms))),
      h(Histogram, {bars: figures?.ttft_bars, barMillis}),
      h(Targets, {targets: provider.targets, name: provider.name}),
      h(Keys, {keys: provider.keys}),
      provider.last_error && p({class: "last-error"},
          span({class: "muted"}, `Last error, ${format.timeOfDay(
              Date.parse(provider.last_error.at))}: `),
          code({}, provider.last_error.outcome),
          provider.last_error.detail
            && span({class: "clip-2"}, format.readable(provider.last_error.detail))));
}

/** How long streams took to their first content, since the start. */
function Histogram({bars, barMillis}) {
  const all = (bars ?? []).reduce((sum, value) => sum + value, 0);
  if (all === 0) {
    return p({class: "muted small"}, "No stream has come to its first content yet.");
  }
  const most = Math.max(...bars);
  const label = (i) => i < barMillis.length ? `up to ${format.millis(barMillis[i])}`
      : `over ${format.millis(barMillis.at(-1))}`;
  const middle = Math.round(bars.reduce((sum, value, i) => sum + value * i, 0) / all);
  const first = Math.max(0, Math.min(bars.findIndex((value) => value > 0), middle - 4));
  const last = Math.min(bars.length - 1,
      Math.max(bars.findLastIndex((value) => value > 0), first + 8));
  const shown = bars.slice(first, last + 1);
  const said = bars.map((value, i) => value > 0 ? `${label(i)}: ${value}` : null).filter(Boolean);
  return div({class: "histogram", role: "img",
    "aria-label": `Time to first content. ${said.join(", ")}`},
      div({class: "histogram-bars"}, shown.map((value, i) =>
        span({title: `${label(first + i)}: ${format.count(value)}`,
          style: {height: `${value === 0 ? 0 : Math.max(4, 100 * value / most)}%`}}))),
      div({class: "histogram-axis"}, shown.map((_, i) => span({},
          first + i < barMillis.length ? format.millis(barMillis[first + i]) : "more"))),
      div({class: "muted small"}, "time to first content since the start, upper bounds"));
}

function Targets({targets, name}) {
  return targets.length > 0 && h(Scroll, {label: `Models of ${name}`}, table({class: "grid small"},
      thead({}, tr({}, th({}, "Model"), th({}, "Breaker"), th({class: "num"}, "Failing"),
          th({class: "num"}, "In flight"), th({class: "num"}, "p50"), th({class: "num"}, "p99"))),
      tbody({}, targets.map((each) => tr({key: each.model},
          th({scope: "row"}, each.model,
              format.until(each.cooldown_until)
                && h(Pill, {tone: "warn"}, `rests ${format.until(each.cooldown_until)}`)),
          td({class: toneOfBreaker(each.breaker)}, format.words(each.breaker)),
          td({class: "num"}, format.percent(each.failure_ratio, 1)),
          td({class: "num"}, format.count(each.in_flight)),
          td({class: "num"}, format.millis((each.ttft_ms ?? each.unary_ms)?.p50)),
          td({class: "num"}, format.millis((each.ttft_ms ?? each.unary_ms)?.p99)))))));
}

function Keys({keys}) {
  if (keys.length === 0) {
    return p({class: "muted small"}, "No API key: the provider is asked without one.");
  }
  const resting = keys.filter((each) => format.until(each.cooldown_until));
  return details({class: "keys"},
      summary({}, `${keys.length} key${keys.length > 1 ? "s" : ""}`,
          resting.length > 0 && h(Pill, {tone: "warn"}, `${resting.length} at rest`)),
      table({class: "grid small"}, tbody({}, keys.map((each, i) => tr({key: i},
          th({scope: "row", class: "mono"}, each.key),
          td({}, format.until(each.cooldown_until)
            ? `rests ${format.until(each.cooldown_until)}` : "ready",
          (each.cooldowns ?? []).map((one) => span({class: "muted", key: one.model},
              ` · ${one.model} rests ${format.until(one.until) ?? "no more"}`))))))));
}
