// Talking to the demo's own server.

import { byId } from "./dom.js";

const TOAST_MS = 5000;
let toastTimer = 0;

/** Tell the server what was done, and answer what it says; what it objects to is shown. */
export async function post(path, body = {}) {
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) toast(said.problem);
    return said;
  } catch {
    toast("The demo does not answer. Was it stopped?");
    return {};
  }
}

/** Have `show` called with every new state. */
export function follow(show) {
  const stream = new EventSource("/events");
  stream.onmessage = ({ data }) => {
    document.body.classList.remove("offline");
    show(JSON.parse(data));
  };
  stream.onerror = () => document.body.classList.add("offline");
}

/** A sentence at the bottom of the channel, for a while. */
export function toast(text) {
  const node = byId("toast");
  node.textContent = text;
  node.hidePopover();
  node.showPopover(); // above a dialog, too
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => node.hidePopover(), TOAST_MS);
}
