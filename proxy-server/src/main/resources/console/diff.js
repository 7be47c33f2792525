// The difference of two texts, word by word (Myers, "An O(ND) Difference Algorithm", 1986).
const MAX_WORDS = 4000;

const split = (text) => text.split(/(\s+)/).filter((part) => part !== "").slice(0, MAX_WORDS);

/** Parts of both texts in order: [kind, text], kind 0 for both, -1 for the first, 1 the second. */
export function diff(first, second) {
  const a = split(first);
  const b = split(second);
  const max = a.length + b.length;
  const trace = [];
  let ends = new Map([[1, 0]]);
  outer:
  for (let d = 0; d <= max; d++) {
    trace.push(new Map(ends));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || k !== d && (ends.get(k - 1) ?? -1) < (ends.get(k + 1) ?? -1)
          ? ends.get(k + 1) : ends.get(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) {
        x++;
      }
      ends.set(k, x);
      if (x >= a.length && x - k >= b.length) {
        break outer;
      }
    }
  }
  return joined(walkBack(trace, a, b));
}

function walkBack(trace, a, b) {
  const parts = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const ends = trace[d];
    const k = x - y;
    const before = k === -d || k !== d && (ends.get(k - 1) ?? -1) < (ends.get(k + 1) ?? -1)
        ? k + 1 : k - 1;
    const fromX = ends.get(before) ?? 0;
    const fromY = fromX - before;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      parts.unshift([0, a[--x]]);
      y--;
    }
    if (d > 0) {
      if (x === fromX) {
        parts.unshift([1, b[--y]]);
      } else {
        parts.unshift([-1, a[--x]]);
      }
    }
  }
  return parts;
}

function joined(parts) {
  const all = [];
  for (const [kind, text] of parts) {
    if (all.at(-1)?.[0] === kind) {
      all.at(-1)[1] += text;
    } else {
      all.push([kind, text]);
    }
  }
  return all;
}
