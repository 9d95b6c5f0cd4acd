import * as z from "zod";
import type { Check, CheckState } from "../../pure/ci-fold.ts";
import { plainLine } from "../../pure/untrusted-text.ts";
import { DatabaseId, PageInfo } from "../tracker/github-wire.ts";

const CheckRunWire = z.lazy(() =>
  z.object({
    __typename: z.literal("CheckRun"),
    databaseId: DatabaseId,
    name: z.string(),
    status: z.string(),
    conclusion: z.string().nullable(),
    startedAt: z.string().nullable(),
    completedAt: z.string().nullable(),
    detailsUrl: z.string().nullable(),
    checkSuite: z.object({
      status: z.string(),
      conclusion: z.string().nullish(),
      app: z.object({ slug: z.string(), databaseId: DatabaseId.nullish() }).nullable(),
      workflowRun: z
        .object({ event: z.string(), workflow: z.object({ name: z.string() }) })
        .nullable(),
    }),
  }),
);

const StatusContextWire = z.lazy(() =>
  z.object({
    __typename: z.literal("StatusContext"),
    context: z.string(),
    state: z.string(),
    createdAt: z.string(),
    targetUrl: z.string().nullable(),
    description: z.string().nullish(),
  }),
);

const ContextWire = z.discriminatedUnion("__typename", [CheckRunWire, StatusContextWire]);

/**
 * The checks of one commit as GraphQL answers. A null rollup is a commit nothing has reported on.
 */
export const CommitWire = z.lazy(() =>
  z.object({
    object: z
      .object({
        statusCheckRollup: z
          .object({
            contexts: z.object({ pageInfo: PageInfo, nodes: z.array(ContextWire) }),
          })
          .nullable()
          .optional(),
      })
      .nullable(),
  }),
);

/** The `source` of a commit status, which has no log to be read. */
export const STATUS_SOURCE = "status";

/** Later than any real time: a run that has not started yet is the newest of its name. */
const NOT_STARTED_AT = "9999-12-31T23:59:59Z";

const CONCLUSIONS: Readonly<Record<string, CheckState>> = {
  SUCCESS: "success",
  NEUTRAL: "neutral",
  SKIPPED: "skipped",
  FAILURE: "failure",
  TIMED_OUT: "timed-out",
  STARTUP_FAILURE: "startup-failure",
  CANCELLED: "cancelled",
  STALE: "stale",
  ACTION_REQUIRED: "action-required",
};

const UNFINISHED: ReadonlySet<string> = new Set([
  "IN_PROGRESS",
  "PENDING",
  "QUEUED",
  "REQUESTED",
  "WAITING",
]);

const PASSING: ReadonlySet<CheckState> = new Set(["success", "neutral", "skipped"]);

const STATUS_STATES: Readonly<Record<string, CheckState>> = {
  SUCCESS: "success",
  FAILURE: "failure",
  ERROR: "failure",
  PENDING: "pending",
  EXPECTED: "pending",
};

/** The state of a commit status, in REST's or GraphQL's word. */
export function toStatusState(word: string): CheckState {
  return lookUp(STATUS_STATES, word.toUpperCase());
}

/**
 * Translates a check run or a commit status; a word this version does not know becomes `unknown`.
 */
export function toCheck(wire: z.infer<typeof ContextWire>): Check {
  switch (wire.__typename) {
    case "CheckRun":
      return {
        name: wire.name,
        source: toSource(wire.checkSuite),
        ...toCheckState(wire),
        at: wire.startedAt ?? wire.completedAt ?? NOT_STARTED_AT,
        url: wire.detailsUrl,
        id: wire.databaseId,
        appId: wire.checkSuite.app?.databaseId ?? null,
      };
    case "StatusContext":
      return {
        name: wire.context,
        source: STATUS_SOURCE,
        state: toStatusState(wire.state),
        at: wire.createdAt,
        url: wire.targetUrl,
        id: wire.context,
        ...toWords(wire.description),
      };
  }
}

/** GitHub's own bound of a status's description; one that is longer came from elsewhere. */
const WORDS_CHARACTERS_MAX = 300;

/** What somebody says of a check, as one bounded line of visible text; nothing where it says nothing. */
export function toWords(text: string | null | undefined): Pick<Check, "words"> {
  const words = plainLine(text ?? "", WORDS_CHARACTERS_MAX);
  return words === "" ? {} : { words };
}

/** One workflow run for two events reports two checks of one name, and both count. */
function toSource(suite: z.infer<typeof CheckRunWire>["checkSuite"]): string {
  const run = suite.workflowRun;
  if (run !== null) return `check:${run.workflow.name} (${run.event})`;
  return `check:${suite.app?.slug ?? "unknown app"}`;
}

/** The state of a finished or unfinished run, by REST's or GraphQL's words for both. */
export function toRunState(status: string, conclusion: string | null): CheckState {
  if (UNFINISHED.has(status.toUpperCase())) return "pending";
  if (status.toUpperCase() !== "COMPLETED" || conclusion === null) return "unknown";
  return lookUp(CONCLUSIONS, conclusion.toUpperCase());
}

function toCheckState(wire: z.infer<typeof CheckRunWire>): Pick<Check, "state" | "ownState"> {
  const state = toRunState(wire.status, wire.conclusion);
  // A job that was killed half-way may call itself failed; its workflow says that it was cancelled.
  if (state === "failure" && isInCancelledWorkflow(wire.checkSuite)) return { state: "cancelled" };
  const isEarly = PASSING.has(state) && isInUnfinishedWorkflow(wire.checkSuite);
  return isEarly ? { state: "pending", ownState: state } : { state };
}

/**
 * A job gets its check run only when the jobs it needs have ended: until the workflow has ended,
 * passing checks are not all there will be. Suites of other Apps may stay queued for ever.
 */
function isInUnfinishedWorkflow(suite: z.infer<typeof CheckRunWire>["checkSuite"]): boolean {
  return suite.workflowRun !== null && suite.status !== "COMPLETED";
}

function isInCancelledWorkflow(suite: z.infer<typeof CheckRunWire>["checkSuite"]): boolean {
  return suite.workflowRun !== null && suite.conclusion === "CANCELLED";
}

function lookUp(words: Readonly<Record<string, CheckState>>, word: string): CheckState {
  return Object.hasOwn(words, word) ? (words[word] ?? "unknown") : "unknown";
}
