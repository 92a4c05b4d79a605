// Times as Slack shows them, in the reader's own time zone.

const format = (options) => new Intl.DateTimeFormat("en-US", options);
const TIME = format({ hour: "numeric", minute: "2-digit" });
const DATE = format({ year: "numeric", month: "short", day: "numeric" });
const DAY = format({ weekday: "long", month: "long", day: "numeric" });
const DAY_MS = 86_400_000;

/** What `<!date^1700000000^{date_short_pretty} {time}|...>` shows. */
export function slackDate(seconds, pattern) {
  const ms = seconds * 1000;
  const shown = { time: TIME.format(ms), date_short: DATE.format(ms), date_short_pretty: dayName(ms) ?? DATE.format(ms) };
  return pattern.replace(/\{(\w+)\}/g, (token, name) => shown[name] ?? token);
}

/** A message's time of day, from its `ts`. */
export const clockTime = (ts) => TIME.format(ts * 1000);

/** The day of a message, for the line between days. */
export function dayLabel(ts) {
  const name = dayName(ts * 1000);
  return name ? name[0].toUpperCase() + name.slice(1) : DAY.format(ts * 1000);
}

function dayName(ms) {
  const [day, today] = [ms, Date.now()].map((moment) => new Date(moment).setHours(0, 0, 0, 0));
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[Math.round((day - today) / DAY_MS)];
}
