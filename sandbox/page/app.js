// The page: what is looked at, by whom, and what is shown of the state that the server sends.

import { suggest, wireComposer } from "./composer.js";
import { confirmed } from "./confirm.js";
import { directoryOf, repliesTo, seenMessages } from "./directory.js";
import { byId, make, setText, showItems } from "./dom.js";
import { avatar, showMessages } from "./messages.js";
import { showPanel, wirePanel } from "./panel.js";
import { follow, post } from "./server.js";
import { showViews } from "./views.js";

// `wanted` is the key of a message to bring into sight, `errors` are those of each modal by block id.
const view = { state: null, me: sessionStorage.getItem("me"), channel: null, thread: null, wanted: null, errors: {} };

const acts = {
  press: async (message, button) => {
    if (button.confirm && !(await confirmed(button.confirm))) return;
    const { channel, ts } = message;
    const pressed = { action: button.action_id, value: button.value ?? "" };
    await post("/act/press", { user: view.me, channel, ts, ...pressed });
  },
  dismiss: ({ id }) => post("/act/dismiss", { id }),
  submit: async (id, values, problems) => {
    const isRight = Object.keys(problems).length === 0;
    const said = isRight ? await post("/act/submit", { user: view.me, view: id, values }) : { errors: problems };
    look({ errors: { ...view.errors, [id]: said.errors } });
  },
  openThread: (message) => look({ thread: { channel: message.channel, ts: message.ts } }),
};

function look(changes) {
  Object.assign(view, changes);
  show();
  if ("channel" in changes) byId("channel-scroll").scrollTop = 0; // its end: it is laid out from there
  if ("thread" in changes) byId("thread-scroll").scrollTop = 0;
}

function show() {
  const { state } = view;
  if (!state) return;
  const isKnown = state.people.some(({ id, kind }) => id === view.me && kind !== "app");
  if (!isKnown) view.me = state.people.find(({ kind }) => kind !== "app").id;
  const directory = directoryOf(state, view.me);
  const { people, channels } = directory;
  if (!channels.some(({ id }) => id === view.channel)) Object.assign(view, { channel: channels[0].id, thread: null });
  showPeople(people);
  showChannels(channels, directory);
  showChannel(channels.find(({ id }) => id === view.channel), directory);
  showThread(directory);
  showPanel(state.braintrust);
  showViews(state.views.map((one) => ({ ...one, errors: view.errors[one.id] })), directory, acts);
  showWanted();
}

function showPeople(people) {
  const select = byId("acting");
  const kinds = { guest: " (guest)", external: " (another organisation)" };
  const option = ({ id, real_name, kind }) => make("option", { value: id }, `${real_name}${kinds[kind] ?? ""}`);
  if (!select.length) select.append(...people.map(option));
  select.value = view.me;
}

function showChannels(channels, directory) {
  const items = channels.map(({ id, name, is_private, is_im }) => {
    return { id, name, is_private, is_im, isOpen: id === view.channel };
  });
  showItems(byId("channels"), items.filter(({ is_im }) => !is_im), (item) => channelNode(item, directory));
  showItems(byId("apps"), items.filter(({ is_im }) => is_im), (item) => channelNode(item, directory));
}

function channelNode({ id, name, is_private, is_im, isOpen }, directory) {
  const onclick = () => look({ channel: id, thread: null });
  const fields = { type: "button", onclick, data: { control: "open" }, aria: isOpen ? { current: "page" } : {} };
  const label = is_im
    ? [avatar(directory.bot, directory), directory.nameOf(directory.bot)]
    : [make("span", { className: is_private ? "sign lock" : "sign" }, is_private ? "" : "#"), name];
  return make("li", {}, make("button", fields, label));
}

function showChannel(channel, directory) {
  const name = channel.is_im ? directory.nameOf(directory.bot) : channel.name;
  setText(byId("channel-name"), channel.is_private ? name : `# ${name}`);
  byId("channel-name").className = channel.is_private && !channel.is_im ? "lock" : "";
  const hasBot = channel.members.includes(directory.bot);
  const people = channel.members.filter((id) => id !== directory.bot).length;
  const note = `${people} people${hasBot ? "" : ", without the bot"}`;
  setText(byId("channel-note"), channel.is_im ? "Direct messages" : note);
  const said = seenMessages(view.state, view.me, channel.id).map((message) => {
    return { message, replies: repliesTo(view.state, message) };
  });
  showMessages(byId("messages"), said, directory, acts);
  byId("empty").hidden = said.length > 0;
  setText(byId("try"), view.state.command);
  const label = channel.is_im ? `Message ${name}` : `Message #${name}, or type ${view.state.command}`;
  setText(byId("say-label"), label);
  byId("say").placeholder = label;
}

function showThread(directory) {
  const { channel, ts } = view.thread ?? {};
  const parent = view.state.messages.find((message) => message.channel === channel && message.ts === ts);
  const isNew = Boolean(parent) && byId("thread").hidden;
  byId("thread").hidden = !parent;
  document.body.classList.toggle("with-thread", Boolean(parent));
  if (!parent) return;
  setText(byId("thread-note"), `#${directory.channelName(parent.channel)}`);
  const said = [parent, ...seenMessages(view.state, view.me, channel, ts)].map((message) => ({ message }));
  showMessages(byId("thread-messages"), said, directory, acts);
  if (isNew) byId("thread").scrollIntoView({ block: "nearest" }); // in one column the page itself may have moved
}

/** Bring the message that the address names into sight, once it is there. */
function showWanted() {
  const node = view.wanted && byId("messages").querySelector(`[data-key="${CSS.escape(view.wanted)}"]`);
  if (!node) return;
  view.wanted = null;
  node.scrollIntoView({ block: "center" });
  node.classList.add("wanted");
  node.addEventListener("animationend", () => node.classList.remove("wanted"), { once: true });
}

function followAddress() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (!wanted) return;
  history.replaceState(null, "", "/");
  look(wanted.includes("-") ? { wanted, channel: wanted.split("-")[0] } : {});
  if (wanted === "braintrust") byId("panel").classList.add("wanted");
}

byId("acting").addEventListener("change", ({ target }) => {
  sessionStorage.setItem("me", target.value);
  look({ me: target.value });
});
byId("thread-close").addEventListener("click", () => look({ thread: null }));
byId("try").addEventListener("click", () => suggest(view.state.command));
byId("panel").addEventListener("animationend", ({ target }) => target.classList.remove("wanted"));
window.addEventListener("hashchange", followAddress);
wireComposer({
  command: () => view.state?.command ?? "/",
  send: (text) => post("/act/say", { user: view.me, channel: view.channel, text }),
});
wirePanel();
followAddress();
follow((state) => look({ state }));
