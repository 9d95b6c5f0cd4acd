/** One line of a tick's log, as it was parsed. */
export type TickLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** What a line of the list is about: `rest` is a decision to do nothing. */
export type DecisionTone =
  | "act"
  | "rest"
  | "done"
  | "needs-human"
  | "frozen"
  | "cancelled"
  | "error";

/** A decision of a tick in words. The same decision again right after is counted, not listed. */
export type Decision = {
  /** Grows over the log; it stays when the decision is made again. */
  readonly id: number;
  /** Epoch ms, of the first time it was made. */
  readonly at: number;
  readonly loop: string;
  /** `owner/name#N`; empty where the line is about no issue. */
  readonly issue: string;
  readonly words: string;
  /** What it was made from, in short; empty for most. */
  readonly detail: string;
  readonly tone: DecisionTone;
  /** How often it was made in a row. */
  readonly times: number;
};

/** The newest decisions of all ticks. */
export type DecisionLog = {
  /** Takes a line of a tick's log; one that tells no decision and no trouble is left out. */
  tell(line: TickLine): void;
  /** Newest first. */
  list(): readonly Decision[];
};

/** More than anybody scrolls through, and few enough to send anew whenever one of them changes. */
export const DECISIONS_MAX = 150;

/** The levels of the log that tell trouble. */
const TROUBLE_LEVELS: readonly unknown[] = ["warn", "error", "fatal"];

type Told = Pick<Decision, "words" | "detail" | "tone">;
type Fields = Readonly<Record<string, unknown>>;

/** Starts an empty list. `now` gives epoch ms, for lines that carry no time. */
export function createDecisionLog(now: () => number): DecisionLog {
  const newestFirst: Decision[] = [];
  const newestOf = new Map<string, number>();
  let lastId = 0;
  return {
    tell(line) {
      const told = tellLine(line);
      if (told === null) return;
      const loop = textOf(line["loop"]);
      const issue = textOf(line["issue"]);
      const time = Date.parse(textOf(line["time"]));
      const at = Number.isNaN(time) ? now() : time;
      const about = JSON.stringify([loop, issue]);
      const place = newestFirst.findIndex(({ id }) => id === newestOf.get(about));
      const before = newestFirst[place];
      if (before?.words === told.words && before.detail === told.detail) {
        newestFirst[place] = { ...before, times: before.times + 1 };
        return;
      }
      lastId += 1;
      newestOf.set(about, lastId);
      newestFirst.unshift({ id: lastId, at, loop, issue, ...told, times: 1 });
      newestFirst.length = Math.min(newestFirst.length, DECISIONS_MAX);
    },
    list: () => [...newestFirst],
  };
}

function tellLine(line: TickLine): Told | null {
  if (line.msg === "decided") return tellDecision(fieldsOf(line["decision"]));
  const { level } = line;
  if (!TROUBLE_LEVELS.includes(level)) return null;
  const why = textOf(fieldsOf(line["err"])["message"]) || textOf(line["why"]);
  return { words: line.msg, detail: why, tone: level === "warn" ? "rest" : "error" };
}

function tellDecision(decision: Fields): Told {
  const because = textOf(decision["because"]);
  const detail = textOf(decision["detail"]);
  switch (decision["kind"]) {
    case "dispatch":
      return { words: "dispatch", detail: `run ${textOf(decision["runId"])}`, tone: "act" };
    case "adopt":
      return { words: `adopt: ${textOf(decision["step"])}`, detail, tone: "act" };
    case "hold":
      return { words: `hold: ${because}`, detail, tone: "rest" };
    case "wait":
      return { words: `wait on ${textOf(decision["on"])}`, detail: rowOf(decision), tone: "rest" };
    case "conclude": {
      const verdict = textOf(decision["verdict"]);
      const words = `verdict: ${verdict} (${because})`;
      return { words, detail: rowOf(decision), tone: toneOf(verdict) };
    }
    case "finish":
      return { words: "finish", detail: finishSteps(fieldsOf(decision["plan"])), tone: "act" };
    case "act": {
      const words = actWords(fieldsOf(decision["act"]));
      return { words, detail: rowOf(decision), tone: "act" };
    }
    default:
      return { words: textOf(decision["kind"]), detail: rowOf(decision), tone: "act" };
  }
}

function actWords(act: Fields): string {
  const kind = textOf(act["kind"]);
  const prompt = fieldsOf(fieldsOf(act["ask"])["prompt"]);
  if (kind === "ask-turn") return `ask for a turn: ${textOf(prompt["kind"])}`;
  if (kind === "command-thread") return `tell the thread: ${namesOf(act["verbs"]).join(", ")}`;
  if (kind === "ring-question") return `ring: ${textOf(act["text"])}`;
  return kind.replaceAll("-", " ");
}

/** The steps of a finish, then the bells it rings, then the label that it takes off last. */
function finishSteps(plan: Fields): string {
  const listed = plan["steps"];
  const steps = Array.isArray(listed) ? listed.map((step) => textOf(fieldsOf(step)["kind"])) : [];
  const bells = namesOf(plan["bells"]).map((bell) => `ring ${bell}`);
  return [...steps, ...bells, "release"].join(", ");
}

function rowOf(decision: Fields): string {
  const row = textOf(decision["row"]);
  return row === "" ? "" : `row ${row}`;
}

function toneOf(verdict: string): DecisionTone {
  const tones: readonly DecisionTone[] = ["done", "needs-human", "frozen", "cancelled"];
  return tones.find((tone) => tone === verdict) ?? "act";
}

function namesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
