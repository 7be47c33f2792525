// Preact without a build step: `tags.div({class: "x"}, child, …)` stands for markup.
import {Fragment, h, render} from "./lib/preact.js";
import {useEffect, useMemo, useReducer, useRef, useState} from "./lib/hooks.js";

export {Fragment, h, render, useEffect, useMemo, useReducer, useRef, useState};

export const tags = new Proxy({}, {
  get: (_, name) => (props, ...children) => h(name, props, ...children),
});

/** Draws the component again whenever `store` changes; returns the store. */
export function useStore(store) {
  const [, again] = useReducer((count) => count + 1, 0);
  useEffect(() => store.subscribe(() => again()), [store]);
  return store;
}

/** Something that components can subscribe to. */
export class Store {
  #listeners = new Set();

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed() {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }
}
