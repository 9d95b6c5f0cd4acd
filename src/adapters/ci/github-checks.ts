import * as z from "zod";
import type { Check, CheckState } from "../../pure/ci-fold.ts";
import { DatabaseId, PageInfo } from "../tracker/github-wire.ts";

const CheckRunWire = z.object({
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
    app: z.object({ slug: z.string() }).nullable(),
    workflowRun: z
      .object({ event: z.string(), workflow: z.object({ name: z.string() }) })
      .nullable(),
  }),
});

const StatusContextWire = z.object({
  __typename: z.literal("StatusContext"),
  context: z.string(),
  state: z.string(),
  createdAt: z.string(),
  targetUrl: z.string().nullable(),
});

const ContextWire = z.discriminatedUnion("__typename", [CheckRunWire, StatusContextWire]);

/**
 * The checks of one commit as GraphQL answers. A null rollup is a commit nothing has reported on.
 */
export const CommitWire = z.object({
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
});

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

/**
 * Translates a check run or a commit status; a word this version does not know becomes `unknown`.
 */
export function toCheck(wire: z.infer<typeof ContextWire>): Check {
  switch (wire.__typename) {
    case "CheckRun":
      return {
        name: wire.name,
        source: toSource(wire.checkSuite),
        state: toCheckState(wire),
        at: wire.startedAt ?? wire.completedAt ?? NOT_STARTED_AT,
        url: wire.detailsUrl,
        id: wire.databaseId,
      };
    case "StatusContext":
      return {
        name: wire.context,
        source: STATUS_SOURCE,
        state: lookUp(STATUS_STATES, wire.state),
        at: wire.createdAt,
        url: wire.targetUrl,
        id: wire.context,
      };
  }
}

/** One workflow run for two events reports two checks of one name, and both count. */
function toSource(suite: z.infer<typeof CheckRunWire>["checkSuite"]): string {
  const run = suite.workflowRun;
  if (run !== null) return `check:${run.workflow.name} (${run.event})`;
  return `check:${suite.app?.slug ?? "unknown app"}`;
}

function toCheckState(wire: z.infer<typeof CheckRunWire>): CheckState {
  const { status, conclusion } = wire;
  if (UNFINISHED.has(status)) return "pending";
  if (status !== "COMPLETED" || conclusion === null) return "unknown";
  const state = lookUp(CONCLUSIONS, conclusion);
  return PASSING.has(state) && isInUnfinishedWorkflow(wire.checkSuite) ? "pending" : state;
}

/**
 * A job gets its check run only when the jobs it needs have ended: until the workflow has ended,
 * passing checks are not all there will be. Suites of other Apps may stay queued for ever.
 */
function isInUnfinishedWorkflow(suite: z.infer<typeof CheckRunWire>["checkSuite"]): boolean {
  return suite.workflowRun !== null && suite.status !== "COMPLETED";
}

function lookUp(words: Readonly<Record<string, CheckState>>, word: string): CheckState {
  return Object.hasOwn(words, word) ? (words[word] ?? "unknown") : "unknown";
}
