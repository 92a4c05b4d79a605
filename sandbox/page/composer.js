// The line at the bottom in which one types, with hints once it begins with a slash.

import { byId, make } from "./dom.js";

const FORMS = [
  ["", "plan the default queue"],
  ["days=3", "only the last 3 days"],
  ["limit=200", "at most 200 rows, the newest first"],
  ["dry-run", "show the plan, assign nothing"],
  ["help", "everything the command can do"],
];

/** Call `send` with what was typed; `command` tells the slash command's name. */
export function wireComposer({ send, command }) {
  const [form, field, hints] = [byId("composer"), byId("say"), byId("hints")];
  const refresh = () => showHints(hints, field, command());
  field.addEventListener("input", refresh);
  field.addEventListener("keydown", (event) => onKey(event, hints));
  hints.addEventListener("keydown", (event) => onHintKey(event, field));
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
  return make(
    "li",
    {},
    make("button", { type: "button", onclick: choose }, make("code", {}, form), make("span", {}, meaning)),
  );
}

function onKey(event, hints) {
  if (hints.hidden) return;
  if (event.key === "Escape") hints.hidden = true;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    event.preventDefault();
    const buttons = hints.querySelectorAll("button");
    buttons[event.key === "ArrowUp" ? buttons.length - 1 : 0].focus();
  }
}

function onHintKey(event, field) {
  const line = event.target.closest("li");
  const next = { ArrowUp: line?.previousElementSibling, ArrowDown: line?.nextElementSibling }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    (next?.firstElementChild ?? field).focus();
  }
  if (event.key === "Escape") field.focus();
}
