// What a reader has chosen, kept in the address so that a link shows the same.

const listeners = new Set();

function parse() {
  const text = location.hash.slice(1);
  return new URLSearchParams(text.includes("=") ? text : "");
}

let chosen = parse();

/** A choice, if it was made. */
export function choice(key) {
  return chosen.get(key) ?? undefined;
}

/** All values of a choice. */
export function choices(key) {
  return chosen.getAll(key);
}

/** Makes choices: a text, a list of texts, or undefined to take the choice back. */
export function choose(changes) {
  for (const [key, value] of Object.entries(changes)) {
    chosen.delete(key);
    for (const item of [value].flat()) {
      if (item !== undefined && item !== "") chosen.append(key, item);
    }
  }
  const address = chosen.toString();
  history.replaceState(null, "", address ? `#${address}` : location.href.split("#")[0]);
  notify(Object.keys(changes));
}

/** Calls back with the keys that have changed. */
export function onChoice(listener) {
  listeners.add(listener);
}

function notify(keys) {
  for (const listener of listeners) listener(new Set(keys));
}

/** Follows the address when a reader edits it or goes back. */
export function followAddress() {
  addEventListener("hashchange", () => {
    const before = chosen;
    const now = parse();
    // A plain anchor moves the page and changes no choice.
    if (![...now.keys()].length && location.hash.length > 1) return;
    chosen = now;
    const keys = new Set([...before.keys(), ...now.keys()]);
    notify([...keys].filter((key) => before.getAll(key).join("\n") !== now.getAll(key).join("\n")));
  });
}
