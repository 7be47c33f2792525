// Lines over time by uPlot, in the colours of the page.
import {tags, useEffect, useRef} from "./dom.js";
import uPlot from "./lib/uplot.js";
import {theme} from "./parts.js";

const {figure, figcaption, div} = tags;
const HEIGHT = 150;
const LEAST_SECONDS = 60;
const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6].flatMap((power) =>
  [1, 2, 5].map((step) => step * 10 ** power));

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(props, width) {
  const axis = {
    stroke: color("--muted"), grid: {stroke: color("--grid"), width: 1},
    ticks: {show: false}, font: `11px ${color("--font")}`, labelFont: `11px ${color("--font")}`,
  };
  return {
    width, height: HEIGHT, padding: [8, 8, 0, 0],
    cursor: {sync: {key: "overview"}, y: false, drag: {x: false, y: false},
      points: {size: 5}},
    scales: {
      x: {time: true, range: (_, min, max) => [Math.min(min, max - LEAST_SECONDS), max]},
      y: {range: (_, min, max) => [0, max > 0 ? max * 1.15 : props.least ?? 1]},
    },
    axes: [
      {...axis, size: 24, space: 70,
        values: (_, times) => times.map((time) => new Date(time * 1000).toLocaleTimeString("en-GB",
            times.at(-1) - times[0] < 180 ? {} : {hour: "2-digit", minute: "2-digit"}))},
      {...axis, size: 52, space: 36, values: (_, values) => values.map(props.format),
        ...(props.whole ? {incrs: WHOLE_STEPS} : {})},
    ],
    legend: {live: true, markers: {width: 0, fill: (_, i) => color(props.series[i - 1].color)}},
    series: [
      {label: "time", value: (_, time) => time === null ? "now"
          : new Date(time * 1000).toLocaleTimeString("en-GB")},
      ...props.series.map((each) => ({
        label: each.label, stroke: color(each.color), width: each.width ?? 1.5,
        fill: each.fill ? color(each.fill) : undefined, points: {show: false},
        value: (u, value, series, at) => props.format(at === null ? u.data[series].at(-1) : value),
      })),
    ],
  };
}

/**
 * A plot of the feed's points: `series` are {label, color, at}, `at` the place in a point.
 * Screen readers get the last values as text.
 */
export function Chart(props) {
  const place = useRef(null);
  const plot = useRef(null);
  const data = [props.points.map((point) => point[0] / 1000),
    ...props.series.map((each) => props.points.map((point) => point[each.at]))];

  useEffect(() => {
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(props, place.current.clientWidth), data, place.current);
    };
    make();
    const resized = new ResizeObserver(() =>
      plot.current.setSize({width: place.current.clientWidth, height: HEIGHT}));
    resized.observe(place.current);
    const forget = theme.subscribe(make);
    return () => {
      forget();
      resized.disconnect();
      plot.current.destroy();
    };
  }, []);
  useEffect(() => plot.current.setData(data), [props.points]);

  const last = props.points.at(-1);
  const said = last ? props.series.map((each) =>
    `${each.label} ${props.format(last[each.at])}`).join(", ") : "no figures yet";
  return figure({class: "panel chart"},
      figcaption({}, props.title),
      div({class: "plot", ref: place, role: "img", "aria-label": `${props.title}: ${said}`}));
}
