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

/** Let `list` have one node for each item, in order; a node is made anew only when its item, told by `id`, has changed. */
export function showItems(list, items, makeNode) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => {
    const signature = JSON.stringify(item);
    const known = old.get(item.id);
    if (known?.signature === signature) return known;
    const node = Object.assign(makeNode(item), { signature });
    node.dataset.key = item.id;
    node.classList.toggle("new", !known);
    return node;
  });
  const focused = focusedIn(list);
  nodes.forEach((node, place) => {
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null);
  });
  while (list.children.length > nodes.length) list.lastElementChild.remove();
  if (focused && !list.contains(document.activeElement)) list.querySelector(focused)?.focus();
}

/** A selector for what has the focus inside `list`, so that it can have it again in a new node. */
export function focusedIn(list) {
  const focused = document.activeElement;
  const [item, control] = [focused.closest("[data-key]"), focused.dataset.control];
  if (!control || !list.contains(item)) return null;
  return `[data-key="${CSS.escape(item.dataset.key)}"] [data-control="${CSS.escape(control)}"]`;
}

/** Call the answer to give the focus back to what has it now, which may have been drawn anew meanwhile. */
export function focusKeeper() {
  const [node, again] = [document.activeElement, focusedIn(document.body)];
  return () => {
    if (!node.isConnected && again) document.querySelector(again)?.focus();
  };
}

/** A text that changes only when it has to, so that screen readers stay calm. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const number = (value) => value.toLocaleString("en-US");
