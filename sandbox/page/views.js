// Modals in dialogs: one for each view, which keeps what is typed for as long as there is the view.

import { blockNodes } from "./blocks.js";
import { byId, focusKeeper, make, setText, showItems } from "./dom.js";
import { focusInput, inputNode, problemsOf, stateOf, valuesIn } from "./inputs.js";

const AWAY = "away"; // how a dialog is closed that may be opened again

/** Show the modals of the person who is acted as; `acts` says what can be done with one. */
export function showViews(views, directory, acts) {
  const list = byId("views");
  const mine = new Set(views.filter(({ user }) => user === directory.me).map(({ id }) => id));
  for (const dialog of list.querySelectorAll("[open]")) if (!mine.has(dialog.dataset.key)) dialog.close(AWAY);
  showItems(list, views.map(({ id }) => ({ id })), ({ id }) => dialogNode(id, acts));
  views.forEach((view, place) => {
    const dialog = list.children[place];
    if (mine.has(view.id) && dialog.returnValue === AWAY) open(dialog);
    fill(dialog, view, directory);
  });
}

function dialogNode(id, acts) {
  const [title, list] = [make("h2", { id: `${id}-title` }), make("ol", { className: "body" })];
  const close = make("button", { type: "button", className: "button", onclick: () => dialog.close() });
  const form = make("form", { noValidate: true }, title, list);
  form.append(make("div", { className: "buttons" }, close, make("button", { className: "button primary" })));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy) return;
    form.ariaBusy = "true";
    await acts.submit(id, stateOf(form), problemsOf(form));
    form.ariaBusy = null;
    focusInput(form, ".wrong");
  });
  const dialog = make("dialog", { className: "modal", returnValue: AWAY, aria: { labelledby: title.id } }, form);
  dialog.addEventListener("close", () => {
    if (dialog.open) return; // again, by now
    dialog.giveBack();
    if (dialog.returnValue !== AWAY) acts.dismiss({ id });
  });
  return dialog;
}

function open(dialog) {
  dialog.giveBack ??= focusKeeper();
  dialog.returnValue = "";
  dialog.showModal();
}

function fill(dialog, { id, content, errors = {} }, directory) {
  const [list, close, save] = dialog.querySelectorAll(".body, .buttons button");
  const hadInputs = list.querySelector(".input");
  const items = content.blocks.map((block, place) => {
    const name = block.block_id ?? `block ${place}`;
    return { id: name, key: encodeURIComponent(`${id} ${name}`), block, error: errors[name] };
  });
  setText(dialog.querySelector("h2"), content.title.text);
  showItems(list, items, (item) => {
    if (item.block.type !== "input") return make("li", {}, blockNodes({ blocks: [item.block] }, directory));
    const old = list.querySelector(`.input[data-key="${CSS.escape(item.id)}"]`);
    return inputNode(item, directory, old ? valuesIn(old) : undefined);
  });
  setText(close, content.close?.text ?? "Cancel");
  setText(save, content.submit?.text ?? "");
  save.hidden = !content.submit;
  if (!hadInputs) focusInput(dialog);
  if (dialog.open && !dialog.contains(document.activeElement)) close.focus();
}
