// Slack's mrkdwn as nodes: code, bold, italic, links, mentions, dates, bullets.

import { slackDate } from "./dates.js";
import { make } from "./dom.js";

const EMOJI = { white_check_mark: "✅", warning: "⚠️", x: "❌", tada: "🎉", eyes: "👀", hourglass: "⏳" };
const EDGE_BEFORE = "(?<![\\p{L}\\p{N}])";
const EDGE_AFTER = "(?![\\p{L}\\p{N}])";
const around = (mark) => `${EDGE_BEFORE}[${mark}](?=\\S)(?:[^${mark}\\n]*[^${mark}\\s])[${mark}]${EDGE_AFTER}`;

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<angle>[^<>\\n]+)>",
    `(?<bold>${around("*")})`,
    `(?<italic>${around("_")})`,
    ":(?<emoji>[a-z_]+):",
  ].join("|"),
  "gu",
);

/** `text` as block nodes: paragraphs and bullets. */
export function mrkdwn(text, directory) {
  const nodes = [];
  for (const line of text.split("\n")) {
    const bullet = /^\s*[•◦]\s+(.*)$/u.exec(line);
    if (!bullet) nodes.push(make("div", { className: "para" }, line ? inline(line, directory) : "\u00a0"));
    else if (nodes.at(-1)?.tagName !== "UL") nodes.push(make("ul", { className: "bullets" }));
    if (bullet) nodes.at(-1).append(make("li", {}, inline(bullet[1], directory)));
  }
  return nodes;
}

/** `text` as inline nodes. */
export function inline(text, directory) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(decoded(text.slice(end, found.index)), inlineNode(found, directory));
    end = found.index + found[0].length;
  }
  return [...nodes, decoded(text.slice(end))];
}

function inlineNode(found, directory) {
  const { code, angle, bold, italic, emoji } = found.groups;
  if (code !== undefined) return make("code", {}, decoded(code));
  if (angle !== undefined) return angleNode(angle, directory);
  if (bold !== undefined) return make("strong", {}, inline(bold.slice(1, -1), directory));
  if (italic !== undefined) return make("em", {}, inline(italic.slice(1, -1), directory));
  return EMOJI[emoji] ?? found[0];
}

function angleNode(inside, directory) {
  const [, target, label] = /^([^|]*)(?:\|(.*))?$/u.exec(inside);
  const date = /^!date\^(\d+)\^([^^]+)/u.exec(target);
  if (date) return make("time", { title: decoded(label ?? "") }, slackDate(Number(date[1]), date[2]));
  if (target.startsWith("@")) return mention(`@${directory.nameOf(target.slice(1))}`, target.slice(1) === directory.me);
  if (target.startsWith("#")) return mention(`#${directory.channelName(target.slice(1)) ?? decoded(label ?? "")}`);
  if (target.startsWith("!subteam^")) return mention(label ?? `@${directory.groups[target.slice(9)] ?? "group"}`);
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`);
  return anchor(decoded(target), decoded(label ?? target.replace(/^mailto:/u, "")));
}

const mention = (name, isMe = false) => make("span", { className: isMe ? "mention me" : "mention" }, name);

function anchor(url, label) {
  if (!/^(https?:|mailto:)/u.test(url)) return label;
  if (!url.startsWith(location.origin)) return make("a", { href: url, target: "_blank", rel: "noreferrer" }, label);
  return make("a", { href: url.includes("/app/") ? "#braintrust" : url }, label);
}

const decoded = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
