import type { PollPolicy, PollSeen } from "../../src/pure/dispatch-policy.ts";
import type { PhaseEvidence } from "../../src/pure/phase-checklist.ts";
import type { RunSeen } from "../../src/pure/run-observation.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import type { TurnState } from "../../src/pure/thread-state.ts";
import {
  anEnd,
  anIssue,
  aRecord,
  aRepoSeen,
  aSha,
  aTurn,
  labeled,
  labels,
  limits,
  MINUTE,
  NOW,
  own,
  ownActor,
  repoNamed,
  sha256,
  startedAgo,
} from "../../test/pure/builders.ts";

/** As long as a short issue somebody really wrote. */
const BODY =
  "The export fails when a name is empty, and says nothing of which one it was.\n".repeat(8);

/** So many issues, ten a repo: some ready, some held for a label or a blocker, in no order of urgency. */
export function pollInput(issues: number): PollSeen {
  const repos = Array.from({ length: issues / 10 }, (_, at) => {
    const repo = repoNamed(`repo-${at}`);
    const listed = Array.from({ length: 10 }, (_unused, number) => {
      const extra = number % 5 === 4 ? [labels.paused] : [`priority:${(at + number) % 4}`];
      return anIssue({
        repo,
        number: number + 1,
        title: `Reject an empty name in place ${number}`,
        body: BODY,
        labels: [labels.ready, ...extra],
        events: [labeled(labels.ready, { id: `labeled-${at}-${number}` })],
      });
    });
    return aRepoSeen(listed);
  });
  return {
    now: NOW,
    repos,
    agent: { kind: "readable", environmentId: "env-1", projects: [], threads: [] },
    threadReads: new Map(),
    heads: new Map(repos.map(({ facts }) => [`acme/${facts.ref.name}`, { kind: "green" }])),
    actingApps: new Map(
      repos.flatMap(({ issues: listed }) =>
        listed.flatMap(({ history }) => history.events.map(({ id }) => [id, { kind: "none" }])),
      ),
    ),
  };
}

/** The same input as text: maps become lists of their entries. */
export function asJson(seen: PollSeen): string {
  return JSON.stringify(seen, (_key, value: unknown) =>
    value instanceof Map ? [...value.entries()] : value,
  );
}

/** The configuration's defaults, with room for every repo. */
export function pollPolicy(): PollPolicy {
  return {
    policies: new Map(),
    labels,
    limits: { ...limits, runsMax: 1_000_000 },
    trust: { trustedActors: [], agentActors: ["robot"] },
    own,
    isDraining: false,
    workspacesRoot: "/data",
    sha256,
  };
}

export type RunState = { readonly record: RunRecord; readonly seen: RunSeen };

const TURNS: readonly TurnState[] = [
  { kind: "never-started" },
  { kind: "starting" },
  { kind: "running", startedAt: null },
  { kind: "over", lastWords: `Done.\nAFK-Outcome: pushed ${aSha("own")}` },
  { kind: "over", lastWords: "Done." },
  { kind: "failed", lastError: "broken", lastWords: "" },
  { kind: "lost-in-restart" },
];

const VERDICTS = ["green", "pending", "red"] as const;

/** So many states of runs, of every kind of turn and verdict. Each is an object of its own. */
export function runStates(count: number): readonly RunState[] {
  const issue = anIssue({
    labels: [labels.ready, labels.inProgress],
    events: [labeled(labels.ready), labeled(labels.inProgress, { actor: ownActor })],
  });
  const pushed = anEnd({ outcome: { kind: "pushed", sha: aSha("own") } });
  const fresh = aRecord();
  const landed = aRecord({ turns: [aTurn({ firstSeen: startedAgo(MINUTE), end: pushed })] });
  return Array.from({ length: count }, (_, at) => {
    const turn = TURNS[at % TURNS.length] ?? { kind: "starting" };
    const isLanded = at % 2 === 0;
    return {
      record: isLanded ? landed : fresh,
      seen: {
        now: NOW + at,
        issue,
        isSuperseded: false,
        textHash: "0".repeat(64),
        thread: { kind: "seen", isArchived: false, isLive: false, turn, processedTokens: at },
        isAskMissing: false,
        commits: {
          kind: "readable",
          ours: isLanded ? [{ sha: aSha("own"), phases: ["green"], parent: aSha("base") }] : [],
          vanished: [],
        },
        ci: isLanded ? ciOf(at) : { kind: "not-asked" },
        otherLive: [],
      },
    };
  });
}

function ciOf(at: number): RunSeen["ci"] {
  const kind = VERDICTS[at % VERDICTS.length] ?? "green";
  const judged = { kind: "judged", sha: aSha("own"), isOwnHead: true, redOnBase: [] } as const;
  if (kind === "green") return { ...judged, verdict: { kind } };
  if (kind === "pending") return { ...judged, verdict: { kind, names: ["build"] } };
  const check = { name: "build", source: "check:ci", state: "failure", at: "", url: null, id: "1" };
  return { ...judged, verdict: { kind, failing: [{ ...check, state: "failure" }] } };
}

const CI = ["green", "red", "pending", "not-configured", "none-yet"] as const;

/** What is known of so many runs. */
export function phaseEvidences(count: number): readonly PhaseEvidence[] {
  return Array.from({ length: count }, (_, at) => ({
    firstTurnSeenRunning: at % 7 !== 0,
    hasTestsRedTrailer: at % 3 === 0,
    hasGreenTrailer: at % 2 === 0,
    pushedSha: at % 2 === 0 ? aSha("own") : null,
    ci: CI[at % CI.length] ?? "green",
    deploy: "not-configured",
  }));
}
