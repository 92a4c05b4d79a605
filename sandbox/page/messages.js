// Messages in a list, as channel and thread show them.

import { blockNodes } from "./blocks.js";
import { clockTime, dayLabel } from "./dates.js";
import { make, showItems } from "./dom.js";

/** Show `messages` in `list`, a line before each new day; `acts` says what can be done with one. */
export function showMessages(list, messages, directory, acts) {
  const items = messages.flatMap((item, place) => {
    const [day, last] = [item, messages[place - 1]].map((one) => one && dayLabel(one.message.ts));
    const shown = { ...item, id: item.message.id, me: directory.me };
    return day === last ? [shown] : [{ id: day, day }, shown];
  });
  showItems(list, items, (item) => (item.day ? dayNode(item.day) : messageNode(item, directory, acts)));
}

const dayNode = (day) => make("li", { className: "day" }, make("span", {}, day));

function messageNode({ message, replies }, directory, acts) {
  const isPrivate = message.seen_by !== null;
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
  const dismiss = make("button", { type: "button", className: "dismiss", onclick: () => acts.dismiss(message) }, "Dismiss");
  return make("p", { className: "private-line" }, make("span", {}, "Only visible to you"), dismiss);
}

function byline(message, directory) {
  const person = directory.person(message.user);
  return make(
    "p",
    { className: "byline" },
    make("strong", {}, directory.nameOf(message.user)),
    person?.kind ? make("span", { className: `kind ${person.kind}` }, person.kind) : "",
    make("time", {}, clockTime(message.ts)),
    message.edited ? make("span", { className: "edited" }, "(edited)") : "",
  );
}

/** A square with initials; the bot has its own picture. */
export function avatar(userId, directory) {
  if (userId === directory.bot) return make("img", { className: "avatar", src: "icon.svg", alt: "" });
  const name = directory.nameOf(userId);
  const initials = name.split(/\s+/u).map((part) => part[0]).slice(0, 2).join("");
  const node = make("span", { className: "avatar", aria: { hidden: "true" } }, initials);
  node.style.setProperty("--hue", [...userId].reduce((sum, letter) => sum + 47 * letter.codePointAt(0), 0) % 360);
  return node;
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
  const href = `/files/${encodeURIComponent(file.id)}`;
  const icon = make("span", { className: "file-icon", aria: { hidden: "true" } }, file.name.split(".").pop().slice(0, 4));
  const name = make("a", { className: "file-name", href, target: "_blank", title: "View" }, file.title || file.name);
  const download = make("a", { href: `${href}?download` }, "Download");
  const words = make("div", {}, name, make("p", { className: "file-size" }, `${size(file.size)} · `, download));
  return make("div", { className: "file" }, icon, words);
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024).toLocaleString("en-US")} KB`);
