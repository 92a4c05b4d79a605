// Talking to the demo's own server.

import { byId } from "./dom.js";

const TOAST_MS = 5000;
let toastTimer = 0;

/** Tell the server what was done; what it objects to is shown. */
export async function post(path, body = {}) {
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) toast((await answer.json()).problem);
  } catch {
    toast("The demo does not answer. Was it stopped?");
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
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (node.hidden = true), TOAST_MS);
}
