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
  section: (block, directory, press) =>
    make(
      "div",
      { className: "block-section" },
      make("div", {}, textNodes(block.text, directory)),
      block.accessory ? element(block.accessory, directory, press) : "",
    ),
  context: (block, directory) =>
    make("div", { className: "block-context" }, block.elements.map((one) => element(one, directory))),
  actions: (block, directory, press) =>
    make("div", { className: "block-actions" }, block.elements.map((one) => element(one, directory, press))),
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
  if (one.url) {
    return make("a", { className: "button", href: one.url, target: "_blank", rel: "noreferrer" }, one.text.text);
  }
  return make(
    "button",
    {
      type: "button",
      className: `button ${one.style ?? ""}`,
      data: { control: one.action_id },
      aria: one.accessibility_label ? { label: one.accessibility_label } : {},
      onclick: () => press(one),
    },
    one.text.text,
  );
}
