// Who and what the ids in a state stand for, seen by one person.

/** Questions over the state's people, groups and channels; `me` is who is acted as. */
export function directoryOf(state, me) {
  const people = new Map(state.people.map((person) => [person.id, person]));
  const channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  const isOutsider = ["guest", "external"].includes(people.get(me)?.kind);
  const isSeen = (channel) => !(isOutsider || channel.is_private) || channel.members.includes(me);
  return {
    me,
    bot: state.bot,
    groups: state.groups,
    people: state.people.filter(({ kind }) => kind !== "app"),
    channels: state.channels.filter(isSeen),
    person: (id) => people.get(id),
    nameOf: (id) => people.get(id)?.real_name ?? (id === "USLACKBOT" ? "Slackbot" : id),
    channelName: (id) => channels.get(id)?.name,
  };
}

/** The messages of a channel (or of a thread in it) that `me` sees, oldest first. */
export function seenMessages(state, me, channelId, thread_ts = null) {
  return state.messages
    .filter(({ channel, thread_ts: thread }) => channel === channelId && thread === thread_ts)
    .filter(({ seen_by }) => seen_by === null || seen_by === me)
    .sort((one, other) => (one.ts < other.ts ? -1 : 1));
}

/** How many replies a message has, who wrote them, and when the last came. */
export function repliesTo(state, message) {
  const { channel, ts } = message;
  const replies = state.messages.filter((one) => one.channel === channel && one.thread_ts === ts && !one.seen_by);
  if (message.seen_by || !replies.length) return { count: 0 };
  const users = [...new Set(replies.map((one) => one.user))].slice(0, 3);
  return { count: replies.length, users, last: replies.at(-1).ts };
}
