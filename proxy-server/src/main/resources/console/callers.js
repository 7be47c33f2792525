// Who calls: limits, budgets, and what was used of them this month.
import {Fragment, h, tags, useState, useStore} from "./dom.js";
import {DATA, IS_ADMIN, feed} from "./feed.js";
import * as format from "./format.js";
import {Empty, Panel, Scroll} from "./parts.js";
import {usePage} from "./providers.js";

const {button, div, p, span, table, tbody, td, th, thead, tr} = tags;
const POLL_MILLIS = 5000;
const TIGHT = 0.8; // of a budget

export function Callers() {
  const {running} = useStore(feed);
  const {body, error} = usePage(`${DATA}/usage${IS_ADMIN ? "?idle=true" : ""}`, POLL_MILLIS);
  if (!body) {
    return h(Empty, {title: error ? "Usage cannot be read" : "Reading what was used"},
        error?.message);
  }
  if (body.callers.length === 0) {
    return h(Empty, {title: "No caller yet"}, "Callers show up with their first call. "
        + "`penstock keys new --id NAME` makes an API key with limits and a budget.");
  }
  const open = new Map();
  for (const each of running.exchanges) {
    open.set(each.caller, (open.get(each.caller) ?? 0) + 1);
  }
  return div({class: "view"},
      h(StoreNote, {store: body.store}),
      h(Panel, {title: IS_ADMIN ? "Callers" : "Your use", aside: `${body.month}, in UTC`},
          h(Scroll, {label: "Callers"}, table({class: "grid callers"},
              thead({}, tr({}, th({}, "Caller"), th({class: "num"}, "In flight"),
                  th({class: "num"}, "Calls"), th({class: "num"}, "Tokens"),
                  th({class: "num"}, "Spent"), th({}, "Budget left"), th({}, "Limits"))),
              tbody({}, body.callers.map((each) => h(Caller, {key: each.id, caller: each,
                open: open.get(each.id) ?? 0}))),
              body.callers.length > 1 && tbody({class: "total"}, tr({}, th({scope: "row"}, "All"),
                  td({class: "num"}, format.count(running.total)),
                  td({class: "num"}, format.count(body.total.calls)),
                  td({class: "num"}, format.compact(body.total.tokens)),
                  td({class: "num"}, format.dollars(body.total.dollars)), td({}), td({})))))));
}

function StoreNote({store}) {
  const said = {memory: "There is no store: what was used is forgotten when the proxy ends.",
    failing: "The store fails: what is used now is lost if the proxy ends."}[store];
  return said && p({class: `note ${store === "failing" ? "bad" : ""}`}, said);
}

function Caller({caller, open}) {
  const [shown, setShown] = useState(false);
  const models = caller.models ?? [];
  return h(Fragment, {},
      tr({},
          th({scope: "row"}, models.length > 0
            ? button({class: "link", "aria-expanded": String(shown),
              onClick: () => setShown(!shown)}, span({class: "chevron", "aria-hidden": "true"},
                shown ? "▾" : "▸"), caller.id) : span({class: "indent"}, caller.id)),
          td({class: "num", "data-label": "In flight"}, format.count(open)),
          td({class: "num", "data-label": "Calls"}, format.count(caller.calls)),
          td({class: "num", "data-label": "Tokens",
            title: `${format.count(caller.prompt_tokens)} prompt, `
              + `${format.count(caller.completion_tokens)} completion`},
          format.compact(caller.tokens)),
          td({class: "num", "data-label": "Spent"}, format.dollars(caller.dollars)),
          td({"data-label": "Budget left"}, h(Budget, {budget: caller.budget})),
          td({class: "muted", "data-label": "Limits"}, limits(caller.limits))),
      shown && models.map((each) => tr({class: "sub", key: each.provider + each.model},
          th({scope: "row"}, span({class: "indent muted"}, `${each.provider}/${each.model}`)),
          td({}), td({class: "num"}, format.count(each.calls)),
          td({class: "num"}, format.compact(each.tokens)),
          td({class: "num"}, format.dollars(each.dollars)), td({}), td({}))));
}

function Budget({budget}) {
  const parts = [];
  if (budget?.tokens_per_month) {
    parts.push({left: budget.tokens_left, all: budget.tokens_per_month,
      text: `${format.compact(budget.tokens_left)} of ${format.compact(budget.tokens_per_month)} `
          + "tokens"});
  }
  if (budget?.dollars_per_month) {
    parts.push({left: budget.dollars_left, all: budget.dollars_per_month,
      text: `${format.dollars(budget.dollars_left)} of `
          + format.dollars(budget.dollars_per_month)});
  }
  return parts.length === 0 ? span({class: "muted"}, "no bound")
      : parts.map(({left, all, text}) => {
        const used = 1 - left / all;
        const tone = used >= 1 ? "bad" : used > TIGHT ? "warn" : "good";
        return div({class: "budget", key: text}, span({}, text),
            span({class: "meter", role: "img", "aria-label": `${format.percent(used, 1)} used`},
                span({class: tone, style: {width: `${Math.min(100, 100 * used)}%`}})));
      });
}

function limits(of) {
  if (!of) {
    return "none";
  }
  const all = [];
  if (of.requests) {
    all.push(of.request_window_seconds === 60 ? `${format.count(of.requests)} requests/min`
        : `${format.count(of.requests)} requests in ${format.seconds(of.request_window_seconds)}`);
  }
  if (of.tokens_per_minute) {
    all.push(`${format.compact(of.tokens_per_minute)} tokens/min`);
  }
  if (of.concurrent) {
    all.push(`${format.count(of.concurrent)} at once`);
  }
  return all.join(" · ");
}
