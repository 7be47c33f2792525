// The first view: what the gateway does, within five seconds.
import {Chart} from "./chart.js";
import {h, tags, useStore} from "./dom.js";
import {feed} from "./feed.js";
import * as format from "./format.js";
import {Dot, Empty, Panel, Pill, Scroll, isError, linkTo, toneOf, toneOfBreaker}
  from "./parts.js";

const {a, div, dl, dd, dt, li, p, span, strong, table, tbody, td, th, thead, tr, ul} = tags;

const PERCENTILES = (from) => [
  {label: "p50", color: "--line-1", at: from, width: 2},
  {label: "p90", color: "--line-2", at: from + 1},
  {label: "p99", color: "--line-3", at: from + 2},
];

export function Overview() {
  const {overview: now, points, finished, marks} = useStore(feed);
  if (!now) {
    return h(Empty, {title: "Waiting for the first figures"});
  }
  return div({class: "view"},
      h(Summary, {now, marks}),
      h(Tiles, {now}),
      div({class: "charts"},
          h(Chart, {title: "Requests per second", points, format: format.rate, series: [
            {label: "requests", color: "--line-1", fill: "--fill-1", at: 1, width: 2},
            {label: "failovers", color: "--line-2", at: 3},
            {label: "errors", color: "--bad", at: 2},
          ]}),
          h(Chart, {title: "Time to first content", points, format: format.millis, least: 1000,
            series: PERCENTILES(5)}),
          h(Chart, {title: "Open exchanges", points, format: format.count, least: 5, whole: true,
            series: [{label: "open", color: "--line-1", fill: "--fill-1", at: 4, width: 2}]}),
          h(Chart, {title: "Latency, to the end of the reply", points, format: format.millis,
            least: 1000, series: PERCENTILES(8)})),
      div({class: "columns"},
          h(Providers, {now}),
          h(Outcomes, {now}),
          h(Failures, {finished})));
}

/** Ends that are a provider's doing, or the proxy's; all others are their callers'. */
const FAULTS = ["upstream_error", "upstream_timeout", "overloaded", "no_healthy_provider"];
const NO_ERRORS = ["ok", "caller_gone"];

const sum = (outcomes, test) => Object.entries(outcomes)
    .reduce((all, [name, value]) => test(name) ? all + value : all, 0);

/** One sentence: is all well, and if not, what isn't. */
function Summary({now, marks}) {
  const enabled = now.providers.filter((each) => each.enabled);
  const open = enabled.filter((each) => each.breaker === "open");
  const resting = enabled.filter((each) => each.keys > 0 && each.keys_resting === each.keys);
  const {at, overview: before} = marks[0];
  const since = Math.round((marks.at(-1).at - at) / 1000);
  const more = (test) => sum(now.outcomes, test) - sum(before.outcomes, test);
  const failed = more((name) => FAULTS.includes(name));
  const refused = more((name) => !FAULTS.includes(name) && !NO_ERRORS.includes(name));
  const problems = [];
  if (!now.ready) {
    problems.push("The proxy accepts no new work.");
  }
  if (open.length > 0) {
    problems.push(`${names(open)} ${open.length > 1 ? "have open breakers"
        : "has an open breaker"}.`);
  }
  if (resting.length > 0) {
    problems.push(`All keys of ${names(resting)} rest.`);
  }
  const down = enabled.length > 0 && open.length === enabled.length;
  const tone = !now.ready || down ? "bad" : problems.length > 0 || failed > 0 ? "warn" : "good";
  const word = {good: "All is well", warn: "Degraded", bad: now.ready ? "Down" : "Draining"};
  return p({class: `summary ${tone}`},
      h(Dot, {tone, label: ""}), strong({}, word[tone]),
      span({}, problems.join(" "), " ", since < 1 ? null : [
        since >= 59 ? "Last minute: " : `Last ${since} s: `,
        several(now.requests - before.requests, "request"), ", ",
        several(failed, "failure"), ", ", several(refused, "refusal"), ", ",
        several(now.failovers - before.failovers, "failover"), "."]));
}

const several = (amount, what) => `${amount === 0 ? "no" : format.count(amount)} ${what}${
  amount === 1 ? "" : "s"}`;

const names = (providers) => providers.map((each) => each.name).join(", ");

function Tiles({now}) {
  const failed = now.requests === 0 ? "none yet"
      : `${format.percent(now.errors, now.requests)} of all ${format.compact(now.requests)}`;
  return dl({class: "tiles"},
      h(Tile, {name: "Requests/s", value: format.rate(now.requests_per_second),
        more: `${format.compact(now.requests)} since the start`}),
      h(Tile, {name: "Open exchanges", value: format.count(now.open),
        more: now.queued > 0 ? `and ${format.count(now.queued)} queued`
            : `${format.compact(now.connections)} connections`,
        tone: now.queued > 0 ? "warn" : ""}),
      h(Tile, {name: "First content", value: format.millis(now.ttft_ms?.p50),
        more: `p99 ${format.millis(now.ttft_ms?.p99)}`}),
      h(Tile, {name: "Latency", value: format.millis(now.latency_ms?.p50),
        more: `p99 ${format.millis(now.latency_ms?.p99)}`}),
      h(Tile, {name: "Errors/s", value: format.rate(now.errors_per_second), more: failed,
        tone: now.errors_per_second > 0 ? "warn" : ""}),
      h(Tile, {name: "Failovers/s", value: format.rate(now.failovers_per_second),
        more: `${format.compact(now.failovers)} since the start`,
        tone: now.failovers_per_second > 0 ? "warn" : ""}),
      h(Tile, {name: "Tokens/s", value: format.compact(now.tokens_per_second),
        more: `${format.compact(now.tokens)} since the start`}),
      h(Tile, {name: "Spent", value: format.dollars(now.cost_usd),
        more: Number(now.cost_usd) === 0 ? "no prices, or no use" : "since the start"}));
}

function Tile({name, value, more, tone = ""}) {
  return div({class: `tile ${tone}`}, dt({}, name), dd({class: "value"}, value),
      dd({class: "more"}, more));
}

function Providers({now}) {
  return h(Panel, {title: "Providers", aside: a({href: "#/providers"}, "Details"), class: "wide"},
      now.providers.length === 0 ? h(Empty, {title: "No provider is configured"})
      : h(Scroll, {label: "Providers"}, table({class: "grid"},
          thead({}, tr({}, th({}, "Provider"), th({class: "num"}, "Calls/s"),
              th({class: "num"}, "Failed"), th({class: "num"}, "In flight"),
              th({class: "num"}, "p50"), th({class: "num"}, "p99"))),
          tbody({}, now.providers.map((each) => tr({key: each.name,
            class: each.enabled ? "" : "off"},
              th({scope: "row"}, h(Dot, {tone: each.enabled ? toneOfBreaker(each.breaker) : "",
                label: each.enabled ? `breaker ${format.words(each.breaker)}` : "disabled"}),
                  each.name),
              td({class: "num"}, format.rate(each.attempts_per_second)),
              td({class: `num ${each.failed_per_second > 0 ? "bad" : ""}`},
                  format.percent(each.failed_per_second, each.attempts_per_second)),
              td({class: "num"}, format.count(each.in_flight)),
              td({class: "num"}, format.millis(each.ttft_p50_ms)),
              td({class: "num"}, format.millis(each.ttft_p99_ms))))))));
}

/** How all requests ended, errors first. */
function Outcomes({now}) {
  const entries = Object.entries(now.outcomes).filter(([name]) => name !== "ok")
      .sort((x, y) => y[1] - x[1]);
  const most = Math.max(1, ...entries.map(([, value]) => value));
  return h(Panel, {title: "Errors by kind", aside: "since the start"},
      entries.length === 0
      ? h(Empty, {title: "No errors"}, now.requests > 0
          ? `All ${format.count(now.requests)} requests went well.` : "No request has come yet.")
      : ul({class: "bars"}, entries.slice(0, 8).map(([name, value]) => li({key: name},
          span({class: "bar-name"}, format.words(name)),
          span({class: "bar-value"}, format.count(value)),
          span({class: "meter"}, span({class: name === "caller_gone" ? "" : "bad",
            style: {width: `${100 * value / most}%`}}))))));
}

function Failures({finished}) {
  const failed = finished.filter(isError).slice(0, 7);
  return h(Panel, {title: "Last errors", aside: a({href: "#/exchanges?errors"}, "All exchanges")},
      failed.length === 0 ? h(Empty, {title: "None"},
          "Failed exchanges show up here, with what was tried for them.")
      : ul({class: "lines"}, failed.map((each) => li({key: each.id + each.ended_at},
          a({href: linkTo(each)},
              h(Pill, {tone: toneOf(each)}, each.status),
              span({class: "grow"}, format.words(each.failure ?? "passed_on"),
                  span({class: "muted"}, ` ${each.model ?? ""}`)),
              span({class: "muted num"}, format.timeOfDay(each.ended_at)))))));
}
