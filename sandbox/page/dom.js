// Building and updating the page's nodes.  Whatever was said by somebody becomes a text node, never HTML.

export const byId = (id) => document.getElementById(id);

/** A new element; `fields` are its properties, `data` its data attributes, `aria` its ARIA attributes. */
export function make(tag, { data = {}, aria = {}, ...fields } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), fields);
  Object.assign(node.dataset, data);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(`aria-${name}`, value);
  node.append(...children.flat().filter((child) => child != null && child !== ""));
  return node;
}

/** Let `list` have one node for each item, in order; a node is made anew only when its item has changed. */
export function showItems(list, items, { keyOf, makeNode }) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => {
    const key = keyOf(item);
    const signature = JSON.stringify(item);
    const known = old.get(key);
    if (known?.signature === signature) return known;
    return Object.assign(marked(makeNode(item), key, known === undefined), { signature });
  });
  const focused = focusedIn(list);
  nodes.forEach((node, place) => {
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null);
  });
  while (list.children.length > nodes.length) list.lastElementChild.remove();
  if (focused && !list.contains(document.activeElement)) list.querySelector(focused)?.focus();
}

function marked(node, key, isNew) {
  node.dataset.key = key;
  if (isNew) node.classList.add("new");
  return node;
}

/** A selector for what has the focus inside `list`, so that it can have it again in a new node. */
export function focusedIn(list) {
  const focused = document.activeElement;
  if (!list.contains(focused)) return null;
  const key = focused.closest("[data-key]")?.dataset.key;
  const control = focused.dataset.control;
  return key && control ? `[data-key="${CSS.escape(key)}"] [data-control="${CSS.escape(control)}"]` : null;
}

/** A text that changes only when it has to, so that screen readers stay calm. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const number = (value) => value.toLocaleString("en-US");
