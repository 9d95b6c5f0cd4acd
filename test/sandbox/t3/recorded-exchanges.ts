import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Recordings of real servers, kept beside the repository where they are at hand at all. */
const RECORDINGS = new URL("../../../../shared/recordings/t3/", import.meta.url);

/** Why tests over the recordings do not run; null when they do. */
export const whySkipped = existsSync(RECORDINGS)
  ? null
  : "no recordings of T3 beside the repository";

/** One request to a real server, and its answer. */
export type RecordedExchange = {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
};

function readRecorded(path: string): string {
  return readFileSync(new URL(path, RECORDINGS), "utf8");
}

export function readExchange(folder: string, name: string): RecordedExchange {
  return JSON.parse(readRecorded(`${folder}/${name}.json`)) as RecordedExchange;
}

/** The names of a folder's exchanges, sorted; none where there are no recordings. */
export function exchangeNames(folder: string): readonly string[] {
  if (whySkipped !== null) return [];
  const files = readdirSync(new URL(`${folder}/`, RECORDINGS));
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5))
    .toSorted();
}

/** A state of a thread as a timeline has it, one line of JSON. */
export type TimelineState = {
  readonly turn: {
    readonly state: string;
    readonly id: string;
    readonly req?: string;
    readonly completed: string | null;
    readonly asst?: string;
  } | null;
  readonly sess: {
    readonly status: string;
    readonly active: string | null;
    readonly err: string | null;
  } | null;
  readonly msgs?: number;
};

/** A line of a timeline that is a request, or a state seen after it. `at` counts lines from 1. */
export type TimelineLine =
  | { readonly kind: "request"; readonly at: number; readonly name: string }
  | {
      readonly kind: "state";
      readonly at: number;
      /** The thread; in one kind of timeline the lines do not name it, the request before does. */
      readonly threadId: string;
      readonly state: TimelineState;
    };

/** The requests and states of a timeline, in order. */
export function readTimeline(folder: string, file: string): readonly TimelineLine[] {
  const lines: TimelineLine[] = [];
  let name = "";
  for (const [index, line] of readRecorded(`${folder}/${file}`).split("\n").entries()) {
    const at = index + 1;
    const request = /^([\w-]+): (?:GET|POST) /.exec(line)?.[1];
    if (request !== undefined) {
      name = request;
      lines.push({ kind: "request", at, name });
    }
    const [, threadId, json] = /^  (?:\+[\d.]+s|\[[^\]]*\] (\w+)) (\{"turn".*\})$/.exec(line) ?? [];
    if (json === undefined) continue;
    const state = JSON.parse(json) as TimelineState;
    lines.push({ kind: "state", at, threadId: threadId ?? name.split("-")[0] ?? "", state });
  }
  return lines;
}
