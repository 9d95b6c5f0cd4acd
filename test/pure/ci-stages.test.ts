import { describe, expect, it } from "vitest";

import type { CiVerdict } from "../../src/pure/ci-fold.ts";
import {
  awaitsDeployment,
  foldStages,
  isStageGreen,
  type StageSeen,
  stagesOf,
  withDeployments,
} from "../../src/pure/ci-stages.ts";
import type { DeploymentsSeen, DeploymentState } from "../../src/pure/deployments.ts";
import type { RepoPolicy } from "../../src/pure/limits.ts";
import type { RunCiSeen } from "../../src/pure/run-observation.ts";

const green: CiVerdict = { kind: "green" };
const none: CiVerdict = { kind: "none" };
const inconclusive: CiVerdict = { kind: "inconclusive" };
const pending: CiVerdict = { kind: "pending", names: ["test"] };
const red: CiVerdict = { kind: "red", failing: [] };

const deploy = { environment: "production" };
const plain: RepoPolicy = { ci: "required", dispatchOnRed: false };
const deploying: RepoPolicy = { ...plain, deploy };
const deployingOnly: RepoPolicy = { ...deploying, ci: "none" };

type Judged = Extract<RunCiSeen, { kind: "judged" }>;

function judged(verdict: CiVerdict, more: Partial<Judged> = {}): Judged {
  return { kind: "judged", sha: "a", isOwnHead: true, verdict, redOnBase: null, ...more };
}

function build(verdict: CiVerdict): StageSeen {
  return { name: "build", title: "build", verdict };
}

function deployed(verdict: CiVerdict): StageSeen {
  return { name: "deploy", title: "deployment to production", verdict };
}

const awaited: CiVerdict = { kind: "pending", names: ["deployment to production"] };

const folds: ReadonlyArray<readonly [name: string, stages: readonly StageSeen[], want: CiVerdict]> =
  [
    ["no stage is no verdict", [], none],
    ["a green build alone is green", [build(green)], green],
    ["a build without checks is none", [build(none)], none],
    ["a cancelled build is inconclusive", [build(inconclusive)], inconclusive],
    ["green stages are green", [build(green), deployed(green)], green],
    ["the first that is not green decides", [build(pending), deployed(red)], pending],
    ["a red build decides before a green deployment", [build(red), deployed(green)], red],
    ["a red deployment is red", [build(green), deployed(red)], red],
    ["a deployment nobody made is waited for", [build(green), deployed(none)], awaited],
    ["a deployment given up is waited for", [build(green), deployed(inconclusive)], awaited],
    ["a deployment without a build is waited for", [deployed(none)], awaited],
  ];
it.each(folds)("%s", (_name, stages, want) => {
  expect(foldStages(stages)).toEqual(want);
});

const awaits: ReadonlyArray<
  readonly [name: string, ci: RunCiSeen, policy: RepoPolicy, want: boolean]
> = [
  ["after a green build", judged(green), deploying, true],
  ["not after a red one", judged(red), deploying, false],
  ["not after one that is pending", judged(pending), deploying, false],
  ["not without checks where CI is required", judged(none), deploying, false],
  ["without checks where there is no CI", judged(none), deployingOnly, true],
  ["not before anything was judged", { kind: "not-asked" }, deploying, false],
  ["not where CI could not be read", { kind: "unreadable", why: "503" }, deploying, false],
  ["not where nothing is deployed", judged(green), plain, false],
];
it.each(awaits)("deployments are asked for %s", (_name, ci, policy, want) => {
  expect(awaitsDeployment(ci, policy)).toBe(want);
});

describe("with the deployments", () => {
  function seen(sha: string, state: DeploymentState): DeploymentsSeen {
    const createdAt = "2026-01-01T00:00:00Z";
    const one = { id: "1", sha, state, creatorId: null, createdAt, url: null };
    return { kind: "read", environment: "production", deployments: [one] };
  }
  const line = ["a", "b"];

  it("a green run is green, and names both stages", () => {
    const ci = withDeployments(judged(green), deploying, { seen: seen("b", "success"), line });
    expect(ci).toEqual(judged(green, { stages: [build(green), deployed(green)] }));
    expect([isStageGreen(ci, "build"), isStageGreen(ci, "deploy")]).toEqual([true, true]);
  });

  it("a red one on our head is ours, and on a descendant is not", () => {
    const own = withDeployments(judged(green), deploying, { seen: seen("a", "failure"), line });
    expect(own).toMatchObject({ sha: "a", isOwnHead: true, verdict: { kind: "red" } });
    const later = withDeployments(judged(green), deploying, { seen: seen("b", "failure"), line });
    expect(later).toMatchObject({ sha: "b", isOwnHead: false, verdict: { kind: "red" } });
    const descendant = judged(green, { isOwnHead: false });
    expect(
      withDeployments(descendant, deploying, { seen: seen("a", "failure"), line }),
    ).toMatchObject({ sha: "a", isOwnHead: false });
  });

  it("a repo without CI has the deployment as its only stage", () => {
    const ci = withDeployments(judged(none), deployingOnly, { seen: seen("a", "success"), line });
    expect(ci).toMatchObject({ verdict: green, stages: [deployed(green)] });
    expect(isStageGreen(ci, "build")).toBe(false);
  });

  it("a repo that deploys nothing is judged by its build", () => {
    const ci = judged(green);
    expect(withDeployments(ci, plain, { seen: seen("a", "failure"), line })).toBe(ci);
    expect(stagesOf(ci)).toEqual([build(green)]);
  });
});

it("no stage is green where nothing was judged", () => {
  expect(isStageGreen({ kind: "not-asked" }, "build")).toBe(false);
  expect(isStageGreen(judged(green), "deploy")).toBe(false);
});
