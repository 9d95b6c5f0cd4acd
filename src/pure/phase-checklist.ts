/** What is known of a run's way to its verdict. Nothing here is an agent's claim but the two trailers. */
export type PhaseEvidence = {
  readonly firstTurnSeenRunning: boolean;
  readonly hasTestsRedTrailer: boolean;
  readonly hasGreenTrailer: boolean;
  /** The newest commit of the run on the default branch. */
  readonly pushedSha: string | null;
  readonly ci: "green" | "red" | "pending" | "not-configured" | "none-yet";
  readonly deploy: "not-configured" | "green" | "red" | "pending";
};

/** One line of the checklist. Only `done` is ever ticked. */
export type Phase = {
  readonly name: "worktree" | "tests-red" | "green" | "pushed" | "ci" | "deployed";
  readonly state: "done" | "open" | "failed" | "not-configured";
  readonly detail: string;
};

/** As many digits as git itself shows by default in a large repo. */
const SHORT_SHA_LENGTH = 12;

/** Ticks the phases of a run on evidence only, in the order a run goes through them. */
export function decidePhases(evidence: PhaseEvidence): readonly Phase[] {
  return [
    onEvidence("worktree", evidence.firstTurnSeenRunning, "the agent was seen working"),
    onEvidence("tests-red", evidence.hasTestsRedTrailer, "a commit says so in its trailer"),
    onEvidence("green", evidence.hasGreenTrailer, "a commit says so in its trailer"),
    pushedPhase(evidence.pushedSha),
    ciPhase(evidence.ci),
    deployPhase(evidence.deploy),
  ];
}

function onEvidence(name: Phase["name"], isSeen: boolean, detail: string): Phase {
  return isSeen ? { name, state: "done", detail } : { name, state: "open", detail: "" };
}

function pushedPhase(sha: string | null): Phase {
  if (sha === null) return { name: "pushed", state: "open", detail: "" };
  return { name: "pushed", state: "done", detail: `commit ${sha.slice(0, SHORT_SHA_LENGTH)}` };
}

function ciPhase(ci: PhaseEvidence["ci"]): Phase {
  switch (ci) {
    case "green":
      return { name: "ci", state: "done", detail: "every check passed" };
    case "red":
      return { name: "ci", state: "failed", detail: "red" };
    case "pending":
      return { name: "ci", state: "open", detail: "still running" };
    case "none-yet":
      return { name: "ci", state: "open", detail: "" };
    case "not-configured":
      return { name: "ci", state: "not-configured", detail: "not configured for this repo" };
  }
}

function deployPhase(deploy: PhaseEvidence["deploy"]): Phase {
  switch (deploy) {
    case "green":
      return { name: "deployed", state: "done", detail: "a deployment succeeded" };
    case "red":
      return { name: "deployed", state: "failed", detail: "the deployment failed" };
    case "pending":
      return { name: "deployed", state: "open", detail: "not yet" };
    case "not-configured":
      return { name: "deployed", state: "not-configured", detail: "not configured for this repo" };
  }
}

const TITLES: { readonly [Name in Phase["name"]]: string } = {
  worktree: "Started in its own worktree",
  "tests-red": "Failing test written",
  green: "Tests green on the agent's side",
  pushed: "Pushed to the default branch",
  ci: "CI",
  deployed: "Deployed",
};

/** The checklist as a markdown task list: the same phases always give the same text. */
export function renderPhases(phases: readonly Phase[]): string {
  let text = "";
  for (const { name, state, detail } of phases) {
    if (text !== "") text += "\n";
    text += (state === "done" ? "- [x] " : "- [ ] ") + TITLES[name];
    if (detail !== "") text += `: ${detail}`;
  }
  return text;
}
