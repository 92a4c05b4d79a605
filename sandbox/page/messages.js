// Messages in a list, as channel and thread show them.

import { blockNodes } from "./blocks.js";
import { clockTime, dayLabel } from "./dates.js";
import { make, showItems } from "./dom.js";

const PALETTE = 6;

/** Show `messages` in `list`; `acts` says what can be done with one. */
export function showMessages(list, messages, directory, acts) {
  const items = withDays(messages).map((item) => (item.day ? item : { ...item, me: directory.me }));
  showItems(list, items, {
    keyOf: (item) => item.day ?? item.message.key,
    makeNode: (item) => (item.day ? dayNode(item.day) : messageNode(item, directory, acts)),
  });
}

/** The messages, with an item for each new day before them. */
function withDays(messages) {
  let last = null;
  return messages.flatMap((item) => {
    const day = dayLabel(item.message.ts);
    const isNew = day !== last;
    last = day;
    return isNew ? [{ day }, item] : [item];
  });
}

const dayNode = (day) => make("li", { className: "day" }, make("span", {}, day));

function messageNode({ message, replies }, directory, acts) {
  const isPrivate = message.seenBy !== null;
  return make(
    "li",
    { className: isPrivate ? "message private" : "message" },
    isPrivate ? privateLine(message, acts) : "",
    avatar(message.user, directory),
    make(
      "div",
      { className: "body" },
      byline(message, directory),
      blockNodes(message, directory, (button) => acts.press(message, button)),
      message.files.map(fileNode),
      replies?.count ? repliesNode(message, replies, directory, acts) : "",
    ),
  );
}

function privateLine(message, acts) {
  const wave = { type: "button", className: "dismiss", onclick: () => acts.dismiss(message) };
  return make(
    "p",
    { className: "private-line" },
    make("span", {}, "Only visible to you"),
    make("button", wave, "Dismiss"),
  );
}

function byline(message, directory) {
  const person = directory.person(message.user);
  return make(
    "p",
    { className: "byline" },
    make("strong", {}, directory.nameOf(message.user)),
    person?.kind ? make("span", { className: `kind ${person.kind}` }, person.kind) : "",
    make("time", {}, clockTime(message.ts)),
    message.isEdited ? make("span", { className: "edited" }, "(edited)") : "",
  );
}

/** A square with initials; the bot has its own picture. */
export function avatar(userId, directory) {
  if (userId === directory.bot) return make("img", { className: "avatar", src: "icon.svg", alt: "" });
  const name = directory.nameOf(userId);
  const initials = name.split(/\s+/u).map((part) => part[0]).slice(0, 2).join("");
  const hue = [...userId].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % PALETTE;
  return make("span", { className: `avatar hue-${hue}`, aria: { hidden: "true" } }, initials);
}

function repliesNode(message, replies, directory, acts) {
  const words = replies.count === 1 ? "1 reply" : `${replies.count} replies`;
  return make(
    "button",
    { type: "button", className: "replies", data: { control: "replies" }, onclick: () => acts.openThread(message) },
    replies.users.map((user) => avatar(user, directory)),
    make("span", { className: "replies-count" }, words),
    make("span", { className: "replies-last" }, `Last reply ${clockTime(replies.last)}`),
  );
}

function fileNode(file) {
  const url = `/files/${encodeURIComponent(file.id)}`;
  const download = make("a", { href: `${url}?download` }, "Download");
  return make(
    "div",
    { className: "file" },
    make("span", { className: "file-icon", aria: { hidden: "true" } }, file.name.split(".").pop().slice(0, 4)),
    make(
      "div",
      {},
      make("a", { className: "file-name", href: url, target: "_blank", title: "View" }, file.title || file.name),
      make("p", { className: "file-size" }, `${size(file.size)} · `, download),
    ),
  );
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024).toLocaleString("en-US")} KB`);
