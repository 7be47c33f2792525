// Ask one model, or up to six side by side.
import {diff} from "./diff.js";
import {h, tags, useEffect, useRef, useState} from "./dom.js";
import {CALLER_PORTS, DATA, IS_ADMIN, ProxyError, credential, getJson, headers, readEvents}
  from "./feed.js";
import * as format from "./format.js";
import {Empty, Panel, Pill} from "./parts.js";

const {a, article, button, code, datalist, del, div, dl, dd, dt, form, h2, input, ins, label, li,
  option, ol, p, pre, select, span, textarea} = tags;

const MAX_MODELS = 6;
const COST_AFTER_MILLIS = 300;

export function Playground() {
  const [mode, setMode] = useState("chat");
  const [models, setModels] = useState([]);
  useEffect(() => {
    if (!IS_ADMIN) {
      getJson("/v1/models").then((body) => setModels(body.data.map((each) => each.id)),
          () => setModels([]));
    }
  }, []);
  if (IS_ADMIN) {
    return h(Elsewhere);
  }
  return div({class: "view"},
      div({class: "toolbar"},
          div({class: "segments", role: "group", "aria-label": "Mode"},
              ["chat", "compare"].map((each) => button({type: "button", key: each,
                "aria-pressed": String(mode === each), class: mode === each ? "on" : "",
                onClick: () => setMode(each)}, each === "chat" ? "Chat" : "Compare"))),
          span({class: "muted small"}, "Calls count against ",
              credential.get() === "none" ? "this proxy's limits" : "your key's limits and budget",
              ".")),
      datalist({id: "models"}, models.map((each) => option({value: each, key: each}))),
      div({hidden: mode !== "chat"}, h(Chat, {models})),
      div({hidden: mode !== "compare"}, h(Compare, {models})));
}

/** The admin port answers no calls: the page for callers does. */
function Elsewhere() {
  const places = CALLER_PORTS.map((port) => `${location.protocol}//${location.hostname}:${port}`
      + "/console#/playground");
  return h(Empty, {title: "The playground is on the callers' port"},
      "The admin port answers no calls to models. Open ",
      places.map((place) => a({key: place, href: place}, place)),
      " and sign in with an API key.");
}

/** The text that a chunk of a chat stream adds, reasoning apart. */
const textOf = (chunk) => chunk.choices?.[0]?.delta?.content ?? "";

const tokensPerSecond = (tokens, fromMillis, toMillis) =>
  tokens && toMillis > fromMillis ? tokens / ((toMillis - fromMillis) / 1000) : null;

async function failureOf(response) {
  const body = await response.json().catch(() => null);
  return new ProxyError(response.status, body?.error?.message);
}

/** What the proxy noted of the call, which only it knows: its cost and its attempts. */
async function costOf(id) {
  await new Promise((resolve) => setTimeout(resolve, COST_AFTER_MILLIS));
  const exchange = await getJson(`${DATA}/exchanges/${encodeURIComponent(id)}`).catch(() => null);
  return exchange?.cost_usd;
}

function Chat({models}) {
  const [model, setModel] = useState("");
  const [system, setSystem] = useState("");
  const [turns, setTurns] = useState([]);
  const [text, setText] = useState("");
  const stop = useRef(null);
  const [busy, setBusy] = useState(false);
  const chosen = model || models[0] || "";

  const send = async (event) => {
    event?.preventDefault();
    if (busy || text.trim() === "" || chosen === "") {
      return;
    }
    const asked = [...turns.filter((each) => !each.problem), {role: "user", content: text}];
    setTurns(asked);
    setText("");
    setBusy(true);
    stop.current = new AbortController();
    let answer = {role: "assistant", content: "", model: chosen};
    const show = (change) => {
      answer = {...answer, ...change};
      setTurns([...asked, answer]);
    };
    try {
      await ask(chosen, system, asked, stop.current.signal, () => answer, show);
    } catch (error) {
      show(error.name === "AbortError" ? {note: "stopped"} : {problem: error.message});
    }
    setBusy(false);
  };

  return div({class: "chat"},
      h(Panel, {title: "Chat", aside: turns.length > 0 && button({type: "button", class: "quiet",
        disabled: busy, onClick: () => setTurns([])}, "Clear")},
          turns.length === 0
          ? h(Empty, {title: "Ask something"}, "The answer streams through the proxy as any "
              + "client's would, with failover, limits and metering.")
          : ol({class: "turns", "aria-live": "polite"}, turns.map((each, i) =>
            li({key: i, class: each.role},
                div({class: "who muted small"}, each.role === "user" ? "You" : each.model),
                each.content !== "" && div({class: "said"}, each.content),
                each.problem && p({class: "bad"}, each.problem),
                each.role === "assistant" && h(Served, {answer: each})))),
          form({class: "ask", onSubmit: send},
              div({class: "fields"},
                  label({}, span({}, "Model"), input({list: "models", value: model,
                    placeholder: models[0] ?? "a model's name",
                    onInput: (event) => setModel(event.target.value)})),
                  label({}, span({}, "System prompt"), input({value: system,
                    placeholder: "none", onInput: (event) => setSystem(event.target.value)}))),
              label({}, span({}, "Message"), textarea({rows: 3, value: text,
                onInput: (event) => setText(event.target.value),
                onKeyDown: (event) => {
                  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                    send(event);
                  }
                }})),
              div({class: "buttons"},
                  busy ? button({type: "button", onClick: () => stop.current.abort()}, "Stop")
                  : button({type: "submit", class: "primary"}, "Send"),
                  span({class: "muted small"}, "Ctrl+Enter sends")))));
}

async function ask(model, system, turns, signal, current, show) {
  const messages = turns.map(({role, content}) => ({role, content}));
  const begun = performance.now();
  const response = await fetch("/v1/chat/completions", {method: "POST", signal,
    headers: headers({"content-type": "application/json"}), body: JSON.stringify({
      model, stream: true, stream_options: {include_usage: true},
      messages: system === "" ? messages : [{role: "system", content: system}, ...messages]})});
  const of = (name) => response.headers.get(name);
  show({id: of("x-request-id"), provider: of("x-penstock-provider"),
    attempts: of("x-penstock-attempts")});
  if (!response.ok) {
    throw await failureOf(response);
  }
  let first = 0;
  let usage = null;
  let problem = null;
  await readEvents(response, (_, data) => {
    if (data === "[DONE]") {
      return;
    }
    const chunk = JSON.parse(data);
    problem = chunk.error?.message ?? problem;
    usage = chunk.usage ?? usage;
    if (textOf(chunk) !== "") {
      first ||= performance.now();
      show({content: current().content + textOf(chunk), ttft: first - begun});
    }
  });
  const ended = performance.now();
  show({ms: ended - begun, tokens: usage?.completion_tokens, problem,
    speed: tokensPerSecond(usage?.completion_tokens, first, ended)});
  const cost = await costOf(current().id);
  show({cost});
}

function Served({answer}) {
  const several = (answer.attempts ?? "").includes(",");
  return p({class: "served muted small"},
      answer.provider && h(Pill, {}, answer.provider),
      several && h(Pill, {tone: "warn"}, answer.attempts),
      answer.ttft !== undefined && span({}, `first content ${format.millis(answer.ttft)}`),
      answer.ms !== undefined && span({}, `in all ${format.millis(answer.ms)}`),
      answer.tokens && span({}, `${format.count(answer.tokens)} tokens`),
      answer.speed && span({}, `${format.rate(answer.speed)} tokens/s`),
      answer.cost !== undefined && span({}, format.dollars(answer.cost)),
      answer.note && span({}, answer.note),
      answer.id && a({href: `#/exchanges/${encodeURIComponent(answer.id)}`}, "exchange"));
}

/** Lanes as `POST /v1/compare_models` fills them: chunks, then a result of each, then the end. */
function Compare({models}) {
  const [chosen, setChosen] = useState([]);
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [lanes, setLanes] = useState([]);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const [pair, setPair] = useState(null);
  const stop = useRef(null);
  const offered = models.filter((each) => !chosen.includes(each)).slice(0, 12);

  const add = (model) => {
    if (model !== "" && chosen.length < MAX_MODELS) {
      setChosen([...chosen, model]);
      setName("");
    }
  };
  const run = async (event) => {
    event.preventDefault();
    if (busy || chosen.length < 2 || text.trim() === "") {
      return;
    }
    let now = chosen.map((model) => ({model, content: ""}));
    const change = (index, more) => {
      now = now.map((each, i) => i === index ? {...each, ...more(each)} : each);
      setLanes(now);
    };
    setLanes(now);
    setPair(null);
    setProblem(null);
    setBusy(true);
    stop.current = new AbortController();
    try {
      await compare(chosen, text, stop.current.signal, change);
    } catch (error) {
      setProblem(error.name === "AbortError" ? null : error);
    }
    setBusy(false);
  };

  return div({class: "stack"},
      h(Panel, {title: "Compare", aside: `${chosen.length} of ${MAX_MODELS} models`},
          form({class: "ask", onSubmit: run},
              div({class: "chips"}, chosen.map((each, i) => span({class: "chip", key: each + i},
                  each, button({type: "button", "aria-label": `Remove ${each}`, disabled: busy,
                    onClick: () => setChosen(chosen.filter((_, at) => at !== i))}, "×")))),
              div({class: "fields"},
                  label({}, span({}, "Add a model"), input({list: "models", value: name,
                    disabled: chosen.length >= MAX_MODELS,
                    placeholder: offered[0] ?? "a model's name",
                    onInput: (event) => setName(event.target.value),
                    onKeyDown: (event) => {
                      if (event.key === "Enter") {
                        event.preventDefault();
                        add(name.trim() || offered[0] || "");
                      }
                    }})),
                  button({type: "button", disabled: chosen.length >= MAX_MODELS,
                    onClick: () => add(name.trim() || offered[0] || "")}, "Add")),
              label({}, span({}, "Prompt for all of them"), textarea({rows: 3, value: text,
                onInput: (event) => setText(event.target.value)})),
              div({class: "buttons"},
                  busy ? button({type: "button", onClick: () => stop.current.abort()}, "Stop")
                  : button({type: "submit", class: "primary", disabled: chosen.length < 2
                      || text.trim() === ""}, "Compare"),
                  span({class: "muted small"}, chosen.length < 2 ? "Choose two models or more."
                      : "Counts as one call for each model.")))),
      problem && h(Absent, {problem}),
      lanes.length > 0 && !problem && div({class: "lanes"}, lanes.map((each, i) =>
        h(Lane, {key: i, lane: each, busy}))),
      !busy && !problem && lanes.filter((each) => each.content !== "").length > 1
        && h(Difference, {lanes, pair: pair ?? [0, 1], setPair}));
}

function Absent({problem}) {
  const absent = problem.status === 404 || problem.status === 405;
  return h(Empty, {title: absent ? "This proxy cannot compare models yet"
      : "The comparison failed"}, absent
    ? ["Its version has no ", code({}, "POST /v1/compare_models"), ". Everything else works."]
    : problem.message);
}

async function compare(models, prompt, signal, change) {
  const begun = performance.now();
  const response = await fetch("/v1/compare_models", {method: "POST", signal,
    headers: headers({"content-type": "application/json"}), body: JSON.stringify({models,
      messages: [{role: "user", content: prompt}], stream: true})});
  if (!response.ok) {
    throw await failureOf(response);
  }
  await readEvents(response, (name, data) => {
    if (data === "[DONE]") {
      return;
    }
    const event = JSON.parse(data);
    if (name === "chunk") {
      change(event.index, (lane) => ({content: lane.content + textOf(event.chunk),
        ttft: lane.ttft ?? (textOf(event.chunk) !== "" ? performance.now() - begun : undefined)}));
    } else if (name === "result") {
      change(event.index, (lane) => ({done: true, provider: event.provider, status: event.status,
        ttft: event.ttft_ms ?? lane.ttft, ms: event.latency_ms, usage: event.usage,
        cost: event.cost_usd, speed: event.tokens_per_second,
        problem: event.error?.message ?? event.error,
        content: lane.content || (event.response?.choices?.[0]?.message?.content ?? "")}));
    }
  });
}

function Lane({lane, busy}) {
  const tokens = lane.usage?.completion_tokens;
  const speed = lane.speed ?? (lane.ms ? tokensPerSecond(tokens, lane.ttft ?? 0, lane.ms) : null);
  return article({class: "panel lane", "aria-label": lane.model},
      div({class: "panel-head"}, h2({class: "clip"}, lane.model),
          div({class: "aside"}, lane.provider && h(Pill, {}, lane.provider),
              lane.status >= 400 && h(Pill, {tone: "bad"}, lane.status))),
      dl({class: "facts"},
          [["First content", format.millis(lane.ttft)], ["In all", format.millis(lane.ms)],
            ["Tokens/s", format.rate(speed)], ["Tokens", format.count(tokens)],
            ["Cost", format.dollars(lane.cost)]].map(([name, value]) =>
            div({class: "fact", key: name}, dt({}, name), dd({}, value)))),
      lane.problem ? p({class: "bad"}, String(lane.problem))
      : lane.content === "" ? p({class: "muted small"}, busy ? "Waiting for the first word…"
        : "No text.")
      : div({class: "said"}, lane.content));
}

function Difference({lanes, pair, setPair}) {
  const [first, second] = pair;
  const parts = diff(lanes[first].content, lanes[second].content);
  const choose = (place, other) => select({value: place, "aria-label": "Text of",
    onChange: (event) => setPair(other(Number(event.target.value)))},
  lanes.map((each, i) => option({key: i, value: i}, each.model)));
  return h(Panel, {title: "Difference", aside: span({class: "choice"},
      choose(first, (at) => [at, second]), " → ", choose(second, (at) => [first, at]))},
      parts.every(([kind]) => kind === 0)
      ? p({class: "muted small"}, "Both texts are the same.")
      : pre({class: "diff"}, parts.map(([kind, part], i) =>
        kind === 0 ? part : kind < 0 ? del({key: i}, part) : ins({key: i}, part))));
}
