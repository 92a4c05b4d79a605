// The line at the bottom in which one types, with hints once it begins with a slash.

import { byId, make } from "./dom.js";

const FORMS = [
  ["", "plan the default queue"],
  ["days=3", "only the last 3 days"],
  ["limit=200", "at most 200 rows, the newest first"],
  ["dry-run", "show the plan, assign nothing"],
  ["queues", "list the queues, make and change them"],
  ["help", "everything the command can do"],
];

/** Call `send` with what was typed; `command` tells the slash command's name. */
export function wireComposer({ send, command }) {
  const [form, field, hints] = [byId("composer"), byId("say"), byId("hints")];
  const refresh = () => showHints(hints, field, command());
  field.addEventListener("input", refresh);
  form.addEventListener("keydown", (event) => onKey(event, field, hints));
  form.addEventListener("focusout", ({ relatedTarget }) => (hints.hidden ||= !form.contains(relatedTarget)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text) send(text);
    field.value = "";
    refresh();
  });
}

/** Put `text` into the line, ready to be sent. */
export function suggest(text) {
  byId("say").value = text;
  byId("say").focus();
}

function showHints(hints, field, command) {
  const typed = field.value.trimEnd();
  const all = FORMS.map(([form, meaning]) => [`${command} ${form}`.trim(), meaning]);
  const fitting = all.filter(([form]) => form.startsWith(typed));
  hints.hidden = !typed.startsWith("/") || fitting.length === 0;
  hints.replaceChildren(...(hints.hidden ? [] : fitting.map(([form, meaning]) => hintNode(form, meaning, hints))));
}

function hintNode(form, meaning, hints) {
  const choose = () => {
    hints.hidden = true;
    suggest(form);
  };
  const words = [make("code", {}, form), make("span", {}, meaning)];
  return make("li", {}, make("button", { type: "button", onclick: choose }, words));
}

/** Arrows go through the line and its hints, round and round; Escape leads back to the line. */
function onKey(event, field, hints) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (hints.hidden || (!step && event.key !== "Escape")) return;
  event.preventDefault();
  const stops = [field, ...hints.querySelectorAll("button")];
  if (step) return stops.at((stops.indexOf(document.activeElement) + step) % stops.length).focus();
  hints.hidden = true;
  field.focus();
}
