// Block Kit as nodes.  What a bot may send and this page does not know is shown as its type, not left out.

import { make } from "./dom.js";
import { inline, mrkdwn } from "./mrkdwn.js";

/** The nodes of a message's blocks, or of its text when it has none. */
export function blockNodes(message, directory, press) {
  if (!message.blocks?.length) return message.text ? mrkdwn(message.text, directory) : [];
  return message.blocks.map((block) => (DRAW[block.type] ?? unknown)(block, directory, press));
}

const DRAW = {
  header: (block) => make("h3", { className: "block-header" }, block.text.text),
  divider: () => make("hr"),
  section: ({ text, accessory }, directory, press) => {
    const beside = accessory ? element(accessory, directory, press) : "";
    return make("div", { className: "block-section" }, make("div", {}, textNodes(text, directory)), beside);
  },
  context: ({ elements }, directory) =>
    make("div", { className: "block-context" }, elements.map((one) => element(one, directory))),
  actions: ({ elements }, directory, press) =>
    make("div", { className: "block-actions" }, elements.map((one) => element(one, directory, press))),
};

const unknown = (block) => make("div", { className: "unknown" }, `(${block.type})`);

const textNodes = (text, directory) =>
  text.type === "mrkdwn" ? mrkdwn(text.text, directory) : [make("div", { className: "para" }, text.text)];

function element(one, directory, press) {
  if (one.type === "button") return button(one, press);
  if (one.type === "mrkdwn") return make("span", {}, inline(one.text, directory));
  if (one.type === "plain_text") return make("span", {}, one.text);
  return unknown(one);
}

function button(one, press) {
  const words = one.text.text;
  if (one.url) return make("a", { className: "button", href: one.url, target: "_blank", rel: "noreferrer" }, words);
  const className = `button ${one.style ?? ""}`;
  const aria = one.accessibility_label ? { label: one.accessibility_label } : {};
  const fields = { type: "button", className, data: { control: one.action_id }, aria, onclick: () => press(one) };
  return make("button", fields, words);
}
