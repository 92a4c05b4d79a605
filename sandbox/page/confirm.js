// The question that a button with a `confirm` asks before its press counts.

import { byId, focusKeeper } from "./dom.js";

/** Ask; true when the person is sure. */
export function confirmed(question) {
  const [dialog, giveBack] = [byId("confirm"), focusKeeper()];
  byId("confirm-title").textContent = question.title.text;
  byId("confirm-text").textContent = question.text.text;
  byId("confirm-deny").textContent = question.deny.text;
  byId("confirm-yes").textContent = question.confirm.text;
  byId("confirm-yes").className = `button ${question.style ?? "primary"}`;
  dialog.returnValue = "deny";
  dialog.showModal();
  byId("confirm-yes").focus();
  return new Promise((resolve) => {
    const closed = () => {
      giveBack();
      resolve(dialog.returnValue === "confirm");
    };
    dialog.addEventListener("close", closed, { once: true });
  });
}
