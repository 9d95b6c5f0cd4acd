import { type Happening, LABELS } from "../loops/world.ts";
import type { Sight } from "./sight.ts";
import type { TickSeen } from "./watchman.ts";

/** Every candidate of a whole poll, and every run of a whole watch, has its decision and its reason. */
export function judgeReasons(
  tick: TickSeen,
  seen: {
    readonly happened: readonly Happening[];
    readonly sights: readonly Sight[];
    /** Issues whose runs were under way when the tick began. */
    readonly running: readonly string[];
  },
): readonly string[] {
  const mine = seen.happened.filter((each) => each.process === tick.process);
  const logs = mine.flatMap((each) => (each.kind === "log" ? [each] : []));
  const broken: string[] = [];
  for (const { message, fields } of logs) {
    if (message !== "decided") continue;
    const { decision } = fields as { decision?: Record<string, unknown> };
    const reason = decision?.["because"] ?? decision?.["on"] ?? decision?.["act"];
    const isReasoned = ["hold", "wait"].includes(String(decision?.["kind"]));
    if (isReasoned && typeof reason !== "string")
      broken.push(`reasons: ${JSON.stringify(decision)} names none`);
  }
  if (!tick.isWhole) return broken;
  if (logs.some(({ message }) => /lease held elsewhere|tick failed|limited/.test(message)))
    return broken;
  const said = new Set(logs.map(({ fields }) => fields["issue"]));
  const unread = logs
    .filter(({ message }) => message.includes("unreadable"))
    .flatMap(({ fields }) => [fields["repo"], fields["name"], fields["issue"]])
    .filter((name) => typeof name === "string");
  for (const key of tick.loop === "poll" ? candidates(seen.sights) : seen.running) {
    if (!said.has(key) && !unread.some((name) => key.startsWith(name)))
      broken.push(`law 12: a whole ${tick.loop} said nothing of ${key}`);
  }
  return broken;
}

function candidates(sights: readonly Sight[]): readonly string[] {
  return sights.flatMap(({ key, seen: { state, labels } }) =>
    state === "open" && labels.includes(LABELS.ready) ? [key] : [],
  );
}
