// Figures as people read them: few digits, the unit behind a thin space, a dash for the unknown.
const THIN = "\u202f";
const DASH = "–";

const whole = new Intl.NumberFormat("en-US", {maximumFractionDigits: 0});
const oneDigit = new Intl.NumberFormat("en-US", {maximumFractionDigits: 1,
  minimumFractionDigits: 1});
const compactNumber = new Intl.NumberFormat("en-US", {notation: "compact",
  maximumFractionDigits: 1});

const isKnown = (value) => value !== null && value !== undefined && !Number.isNaN(value);

export function count(value) {
  return isKnown(value) ? whole.format(value) : DASH;
}

/** 12.4 k */
export function compact(value) {
  return !isKnown(value) ? DASH : value < 10_000 ? whole.format(value)
      : compactNumber.format(value).replace(/([A-Z])$/, `${THIN}$1`);
}

export function rate(value) {
  return !isKnown(value) ? DASH : value >= 100 ? whole.format(value)
      : value === 0 ? "0" : oneDigit.format(value);
}

/** Milliseconds, in the unit that suits them. */
export function millis(value) {
  if (!isKnown(value)) {
    return DASH;
  }
  if (value === 0) {
    return "0";
  }
  if (value < 1) {
    return `${Math.round(value * 1000)}${THIN}µs`;
  }
  if (value < 10) {
    return `${value.toFixed(1)}${THIN}ms`;
  }
  if (value < 1000) {
    return `${Math.round(value)}${THIN}ms`;
  }
  return value < 60_000 ? `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)}${THIN}s`
      : seconds(value / 1000);
}

/** 3 d 4 h */
export function seconds(value) {
  if (!isKnown(value)) {
    return DASH;
  }
  const parts = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => value >= size);
  if (first < 0) {
    return `0${THIN}s`;
  }
  return parts.slice(first, first + 2).map(([size, unit], i) => {
    const amount = Math.floor((i === 0 ? value : value % parts[first][0]) / size);
    return amount === 0 && i > 0 ? "" : `${amount}${THIN}${unit}`;
  }).join(" ").trim();
}

export function percent(part, all) {
  if (!all) {
    return DASH;
  }
  const value = 100 * part / all;
  return value === 0 ? "0%" : value < 10 ? `${value.toFixed(1)}%` : `${Math.round(value)}%`;
}

export function dollars(value) {
  if (!isKnown(value)) {
    return DASH;
  }
  const amount = Number(value);
  return amount === 0 ? "$0" : amount < 0.01 ? `$${amount.toPrecision(2)}`
      : `$${amount.toLocaleString("en-US", {minimumFractionDigits: 2, maximumFractionDigits: 2})}`;
}

export function timeOfDay(epochMillis) {
  return isKnown(epochMillis) ? new Date(epochMillis).toLocaleTimeString("en-GB") : DASH;
}

/** How long until then, as far as it is still to come; null when it has passed. */
export function until(isoTime) {
  const left = isoTime ? (Date.parse(isoTime) - Date.now()) / 1000 : 0;
  return left > 0 ? seconds(Math.ceil(left)) : null;
}

/** first_content_timeout → first content timeout */
export function words(code) {
  return code ? code.replaceAll("_", " ") : DASH;
}

/** What an error's text says: providers send JSON, and some of it quoted. */
export function readable(text) {
  try {
    let value = JSON.parse(text);
    value = typeof value === "string" ? JSON.parse(value) : value;
    return value.error?.message ?? value.message ?? text;
  } catch {
    return text;
  }
}
