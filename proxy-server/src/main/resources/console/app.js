// The frame around all views: navigation, the state of the feed, themes.
import {Callers} from "./callers.js";
import {h, render, tags, useEffect, useState, useStore} from "./dom.js";
import {Exchange, Exchanges} from "./exchanges.js";
import {IS_ADMIN, credential, feed} from "./feed.js";
import * as format from "./format.js";
import {Overview} from "./overview.js";
import {Dot, theme} from "./parts.js";
import {Playground} from "./playground.js";
import {Providers} from "./providers.js";
import {SignIn} from "./signin.js";

const {a, button, div, header, h1, img, main, nav, p, span} = tags;

const VIEWS = [
  ["", "Overview", Overview], ["providers", "Providers", Providers],
  ["callers", IS_ADMIN ? "Callers" : "Usage", Callers],
  ["exchanges", "Exchanges", Exchanges], ["playground", "Playground", Playground],
];

/** #/exchanges/req_1 and #/exchanges?errors: the view, what of it, and how. */
function placeOf(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", part] = path.split("/");
  return {view, part: part && decodeURIComponent(part), query};
}

function usePlace() {
  const [place, setPlace] = useState(placeOf(location.hash));
  useEffect(() => {
    const onChange = () => {
      setPlace(placeOf(location.hash));
      document.getElementById("view")?.focus({preventScroll: true});
      scrollTo(0, 0);
    };
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return place;
}

function App() {
  const place = usePlace();
  const [asked, setAsked] = useState(IS_ADMIN || credential.get() !== null);
  const {state, problem} = useStore(feed);
  useEffect(() => {
    if (asked) {
      feed.start();
    }
  }, [asked]);
  if (!asked) {
    return h(SignIn, {onDone: () => setAsked(true)});
  }
  if (state === "refused") {
    return h(SignIn, {problem: credential.get() ? problem : "", onDone: () => feed.connect()});
  }
  const [, title, View] = VIEWS.find(([name]) => name === place.view) ?? VIEWS[0];
  document.title = `${place.part ?? title} · Penstock`;
  return div({class: "frame"},
      a({class: "skip", href: "#view", onClick: (event) => {
        event.preventDefault();
        document.getElementById("view").focus();
      }}, "Skip to content"),
      h(Top, {current: place.view}),
      main({id: "view", tabIndex: -1, "aria-label": title},
          h1({class: "sr"}, title),
          state === "lost" && p({class: "note bad", role: "alert"},
              problem || "The proxy does not answer. Trying again…"),
          place.view === "exchanges" && place.part ? h(Exchange, {id: place.part})
          : h(View, {query: place.query})));
}

const LOGO = document.querySelector("link[rel=icon]").href;

function Top({current}) {
  const {overview, state, missedTexts} = useStore(feed);
  useStore(theme);
  useEffect(() => document.querySelector("nav [aria-current]")
      ?.scrollIntoView({block: "nearest", inline: "center"}), [current]);
  const tone = state !== "open" ? "bad" : overview?.ready === false ? "warn" : "good";
  const word = state === "connecting" ? "Connecting" : state !== "open" ? "Offline"
      : overview?.ready === false ? "Draining" : "Live";
  return header({class: "top"},
      a({class: "brand", href: "#/"}, img({src: LOGO, alt: "", width: 22, height: 22}),
          span({}, "Penstock")),
      nav({"aria-label": "Views"}, VIEWS.map(([name, label]) =>
        a({key: name, href: `#/${name}`, "aria-current": current === name ? "page" : undefined},
            label))),
      div({class: "status"},
          span({class: "live", title: missedTexts > 0
              ? `${missedTexts} updates were skipped, since this page was slow` : ""},
              h(Dot, {tone, label: ""}), word),
          overview && span({class: "muted wide-only num"}, `up ${
            format.seconds(overview.uptime_seconds)}`),
          overview && span({class: "muted wide-only"}, overview.version),
          button({type: "button", class: "quiet", onClick: () => theme.next(),
            "aria-label": `Theme: ${theme.choice}. Change`, title: `Theme: ${theme.choice}`},
              {auto: "◐", light: "☀", dark: "☾"}[theme.choice]),
          credential.get() && button({type: "button", class: "quiet", onClick: () => {
            credential.clear();
            location.reload();
          }}, "Sign out")));
}

theme.start();
const root = document.getElementById("app");
root.textContent = "";
render(h(App), root);
