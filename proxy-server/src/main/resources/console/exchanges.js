// The live tail of exchanges, and the page of one.
import {h, tags, useEffect, useState, useStore} from "./dom.js";
import {DATA, feed, getJson} from "./feed.js";
import * as format from "./format.js";
import {Bar, Empty, Fact, Legend, PHASES, Panel, Pill, STAGES, TimeBar, isError, linkTo,
  stagesOf, toneOf, tried} from "./parts.js";

const {a, button, code, details, div, dl, h2, input, label, li, ol, option, p, pre, select, span,
  summary, table, tbody, td, th, thead, tr} = tags;

const MAX_SHOWN = 100;
const WAITS = {
  request: "the caller's request", turn: "a turn", same_call: "the same call of another",
  pause: "a pause before the next try",
  slot: "a slot of the provider", connection: "a connection", tls: "the TLS handshake",
  head: "the reply's head", content: "the first content", reply: "streams the reply",
  caller: "the caller to read on", drain: "usage, the caller has gone", tunnel: "an open tunnel",
};

const FILTERS = {
  all: () => true,
  errors: isError,
  failovers: (each) => tried(each) > 1,
  slow: (each) => (each.first_content_ms ?? each.ms) > 2000,
};

export function Exchanges({query}) {
  const {finished, running, missedExchanges} = useStore(feed);
  const [text, setText] = useState("");
  const [filter, setFilter] = useState(query in FILTERS ? query : "all");
  const [frozen, setFrozen] = useState(null);
  const has = (each) => text === "" || [each.id, each.model, each.provider, each.caller,
    each.target_model, each.failure, String(each.status)]
      .some((value) => value?.toLowerCase().includes(text.toLowerCase()));
  const shown = (frozen ?? finished).filter((each) => FILTERS[filter](each) && has(each))
      .slice(0, MAX_SHOWN);
  const open = running.exchanges.filter(has);
  return div({class: "view"},
      div({class: "toolbar"},
          label({class: "grow"}, span({class: "sr"}, "Filter"),
              input({type: "search", placeholder: "Filter by id, model, provider, caller, status",
                value: text, onInput: (event) => setText(event.target.value)})),
          label({}, span({class: "sr"}, "Show"),
              select({value: filter, onChange: (event) => setFilter(event.target.value)},
                  option({value: "all"}, "All"), option({value: "errors"}, "Errors"),
                  option({value: "failovers"}, "Several attempts"),
                  option({value: "slow"}, "Slower than 2 s"))),
          button({type: "button", class: frozen ? "on" : "", "aria-pressed": String(!!frozen),
            onClick: () => setFrozen(frozen ? null : [...finished])},
          frozen ? "Resume" : "Pause")),
      h(Running, {open, total: running.total}),
      h(Panel, {title: "Finished", aside: h(Legend, {of: STAGES})},
          missedExchanges > 0 && p({class: "note"}, `${format.count(missedExchanges)} exchanges `
              + "finished too fast to be listed; the figures count them."),
          shown.length === 0
          ? h(Empty, {title: finished.length === 0 ? "No exchange has finished yet"
              : "None of the last exchanges matches"}, finished.length === 0
              ? "Send a request through the proxy, and it shows up here within a second." : null)
          : h(Tail, {shown})));
}

function Running({open, total}) {
  return h(Panel, {title: "Under way", aside: format.count(total)},
      open.length === 0 ? p({class: "muted small"}, "Nothing at the moment.")
      : ol({class: "rows"}, open.slice(0, 30).map((each) => li({key: each.id},
          a({class: "row running", href: linkTo(each)},
              span({class: "num"}, format.millis(each.ms)),
              span({class: "clip strong"}, each.model ?? each.api ?? "pass-through"),
              span({class: "clip muted"}, each.provider ? `${each.provider}/${each.target_model}`
                  : "–"),
              span({class: "clip waits"}, h(Pill, {tone: each.waits_for === "reply" ? "good"
                  : ""}, WAITS[each.waits_for] ?? each.waits_for),
              span({class: "muted num"}, format.millis(each.waits_ms))),
              span({class: "clip muted"}, each.caller))))));
}

function Tail({shown}) {
  const all = Math.max(...shown.map((each) => each.ms));
  return ol({class: "rows"},
      li({class: "row row-head", "aria-hidden": "true"}, span({}, "Ended"), span({}, "Status"),
          span({}, "Model"), span({}, "Provider"), span({}, "Time"),
          span({class: "num"}, "Content"), span({class: "num"}, "In all"),
          span({class: "num"}, "Tokens")),
      shown.map((each) => li({key: each.id + each.ended_at},
      a({class: "row", href: linkTo(each)},
          span({class: "muted num"}, format.timeOfDay(each.ended_at)),
          span({}, h(Pill, {tone: toneOf(each)}, each.failure === "caller_gone" ? "gone"
              : each.status)),
          span({class: `clip ${each.model ? "strong" : "muted"}`},
              each.model ?? format.words(each.failure ?? "pass-through")),
          span({class: "clip muted"}, each.provider ?? (each.attempts.length > 0
              ? each.attempts.at(-1).provider : "–"),
              tried(each) > 1 && span({class: "tries"}, `${tried(each)} attempts`)),
          h(TimeBar, {exchange: each, all}),
          span({class: "num", title: "to the first content"},
              format.millis(each.first_content_ms)),
          span({class: "num", title: "in all"}, format.millis(each.ms)),
          span({class: "num muted", title: "tokens"}, each.usage
              ? format.compact(each.usage.prompt + each.usage.completion) : "–")))));
}

export function Exchange({id}) {
  const {finished} = useStore(feed);
  const [page, setPage] = useState({});
  const known = finished.find((each) => each.id === id);
  useEffect(() => {
    if (known) {
      setPage({body: known});
      return undefined;
    }
    let ended = false;
    const ask = () => getJson(`${DATA}/exchanges/${encodeURIComponent(id)}`)
        .then((body) => !ended && setPage({body}), (error) => !ended && setPage({error}));
    ask();
    const timer = setInterval(ask, 1000);
    return () => {
      ended = true;
      clearInterval(timer);
    };
  }, [id, known]);
  const {body, error} = page;
  if (!body) {
    return div({class: "view"}, h(Back), h(Empty,
        {title: error ? "This exchange is not known any more" : "Looking for the exchange"},
        error && `${error.message} The proxy remembers the last 500 of each event loop.`));
  }
  return div({class: "view"}, h(Back),
      body.state === "running" ? h(Underway, {exchange: body}) : h(Whole, {exchange: body}));
}

const Back = () => p({}, a({href: "#/exchanges"}, "← All exchanges"));

function Head({exchange, children}) {
  return div({class: "panel-head title"},
      h2({class: "mono"}, exchange.id), div({class: "aside"}, children));
}

function Underway({exchange}) {
  return div({class: "panel"},
      h(Head, {exchange}, h(Pill, {tone: "good"}, "under way")),
      dl({class: "facts"},
          h(Fact, {name: "Waits for"}, WAITS[exchange.waits_for] ?? exchange.waits_for),
          h(Fact, {name: "For"}, format.millis(exchange.waits_ms)),
          h(Fact, {name: "Since its head"}, format.millis(exchange.ms)),
          h(Fact, {name: "Model"}, exchange.model ?? "–"),
          h(Fact, {name: "Target"}, exchange.provider
              ? `${exchange.provider}/${exchange.target_model}` : "–"),
          h(Fact, {name: "Caller"}, exchange.caller ?? "–")),
      exchange.attempts.length > 0 && table({class: "grid small"},
          thead({}, tr({}, th({}, "Target"), th({}, "Outcome"), th({class: "num"}, "After"))),
          tbody({}, exchange.attempts.map((each, i) => tr({key: i},
              th({scope: "row"}, `${each.provider}/${each.model}`),
              td({}, format.words(each.outcome)),
              td({class: "num"}, format.millis(each.ms)))))));
}

function Whole({exchange}) {
  return div({class: "stack"},
      div({class: "panel"},
          h(Head, {exchange}, h(Pill, {tone: toneOf(exchange)}, exchange.status),
              exchange.failure && h(Pill, {tone: toneOf(exchange)},
                  format.words(exchange.failure))),
          exchange.message && p({class: "last-error"}, exchange.message,
              exchange.detail && span({class: "muted"}, ` ${exchange.detail}`)),
          dl({class: "facts"},
              h(Fact, {name: "Ended"}, format.timeOfDay(exchange.ended_at)),
              h(Fact, {name: "Caller"}, exchange.caller ?? "–"),
              h(Fact, {name: "Asked for"}, exchange.model ?? "–"),
              h(Fact, {name: "Served by"}, exchange.provider
                  ? `${exchange.provider}/${exchange.target_model}` : "none"),
              h(Fact, {name: "API"}, exchange.api ?? "pass-through",
                  exchange.upstream_api && exchange.upstream_api !== exchange.api
                    ? ` → ${exchange.upstream_api}` : "",
                  exchange.stream ? ", streamed" : ""),
              h(Fact, {name: "First content"}, format.millis(exchange.first_content_ms)),
              h(Fact, {name: "In all"}, format.millis(exchange.ms)),
              h(Fact, {name: "Tokens"}, exchange.usage ? `${format.count(exchange.usage.prompt)} + `
                  + `${format.count(exchange.usage.completion)}`
                  + (exchange.usage.estimated ? " (estimated)" : "") : "–"),
              exchange.trace_id && h(Fact, {name: "Trace"},
                  span({class: "mono"}, exchange.trace_id)),
              exchange.cache && h(Fact, {name: "Cache"}, exchange.cache),
              h(Fact, {name: "Cost"}, format.dollars(exchange.cost_usd)))),
      h(Panel, {title: "Where the time went", aside: h(Legend, {of: STAGES})},
          h(TimeBar, {exchange}),
          h(Figures, {parts: stagesOf(exchange), names: Object.fromEntries(STAGES)})),
      h(Panel, {title: exchange.attempts.length === 1 ? "1 attempt"
          : `${exchange.attempts.length} attempts`, aside: h(Legend, {of: PHASES})},
          exchange.attempts.length === 0 ? p({class: "muted small"}, "No target was asked.")
          : ol({class: "attempts"}, exchange.attempts.map((each, i) =>
            h(Attempt, {key: i, attempt: each, all: exchange.ms, number: i + 1})))),
      details({class: "panel raw"}, summary({}, "As JSON"),
          pre({}, code({}, JSON.stringify(exchange, null, 2)))));
}

function Figures({parts, names}) {
  return dl({class: "facts"}, parts.map(([name, value]) =>
    h(Fact, {key: name, name: names[name] ?? name}, format.millis(value))));
}

const WHYS = {first: "first", again: "again", next: "failover", hedge: "hedge",
  continue: "continuation", skipped: "passed over"};

function Attempt({attempt, all, number}) {
  const parts = PHASES.map(([name]) => [name, attempt.phases?.[name] ?? 0]);
  const good = /^[23]/.test(attempt.outcome);
  return li({class: "attempt"},
      div({class: "attempt-head"},
          span({class: "muted num"}, number),
          span({class: "strong"}, `${attempt.provider}/${attempt.model}`),
          span({class: "muted"}, WHYS[attempt.why] ?? attempt.why),
          h(Pill, {tone: attempt.why === "skipped" ? "" : good ? "good" : "bad"},
              format.words(attempt.outcome)),
          attempt.replayed && h(Pill, {}, "sent twice"),
          attempt.phases && span({class: "muted num grow end"},
              `at ${format.millis(attempt.at_ms)}, ${format.millis(attempt.ms)} to its outcome`)),
      attempt.phases && h(Bar, {parts, all, offset: attempt.at_ms, label: parts
          .filter(([, value]) => value > 0)
          .map(([name, value]) => `${name} ${format.millis(value)}`).join(", ")}),
      attempt.phases && p({class: "muted small"}, parts.filter(([, value]) => value > 0)
          .map(([name, value]) => `${name} ${format.millis(value)}`).join(" · ")));
}
