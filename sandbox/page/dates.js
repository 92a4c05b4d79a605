// Times as Slack shows them, in the reader's own time zone.

const DAY_MS = 86_400_000;
const format = (options) => new Intl.DateTimeFormat("en-US", options);

const FORMATS = {
  date_short: format({ year: "numeric", month: "short", day: "numeric" }),
  time: format({ hour: "numeric", minute: "2-digit" }),
};
const DAY = format({ weekday: "long", month: "long", day: "numeric" });

/** What `<!date^1700000000^{date_short_pretty} {time}|...>` shows. */
export function slackDate(seconds, pattern) {
  const moment = new Date(seconds * 1000);
  return pattern.replace(/\{(\w+)\}/g, (token, name) => {
    const plain = FORMATS[name.replace(/_pretty$/, "")];
    if (!plain) return token;
    return (name.endsWith("_pretty") && dayName(moment)) || plain.format(moment);
  });
}

/** A message's time of day, from its `ts`. */
export const clockTime = (ts) => FORMATS.time.format(new Date(Number(ts) * 1000));

/** The day of a message, for the line between days. */
export function dayLabel(ts) {
  const moment = new Date(Number(ts) * 1000);
  const name = dayName(moment);
  return name ? name[0].toUpperCase() + name.slice(1) : DAY.format(moment);
}

function dayName(moment) {
  const days = Math.round((startOfDay(moment) - startOfDay(new Date())) / DAY_MS);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function startOfDay(moment) {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}
