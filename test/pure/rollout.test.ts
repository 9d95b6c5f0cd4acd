import { describe, expect, it } from "vitest";
import {
  awaitsRollout,
  isStageGreen,
  withDeployments,
  withRollout,
} from "../../src/pure/ci-stages.ts";
import type { RepoPolicy, RolloutPolicy } from "../../src/pure/limits.ts";
import {
  commitsOfAnnotation,
  commitsOfImage,
  judgeRollout,
  type RolloutSeen,
} from "../../src/pure/rollout.ts";
import type { RunCiSeen } from "../../src/pure/run-observation.ts";

const OLD = "0".repeat(40);
const HEAD = `1a2b3c4${"d".repeat(33)}`;
const NEXT = `5e6f708${"e".repeat(33)}`;
const LINE = [HEAD, NEXT];

const rollout: RolloutPolicy = { namespace: "shop", kind: "Deployment", name: "web" };
const TITLE = "rollout of Deployment shop/web";

type Read = Extract<RolloutSeen, { kind: "read" }>;

function seen(more: Partial<Read>): RolloutSeen {
  return {
    kind: "read",
    progress: "complete",
    carried: [HEAD],
    id: "u-2",
    at: "",
    words: "",
    ...more,
  };
}

function pending(name: string) {
  return { verdict: { kind: "pending", names: [name] }, sha: null };
}

describe("a rollout", () => {
  it("is green once it is complete with the commit or a descendant, whole or abbreviated", () => {
    const green = { kind: "green" };
    expect(judgeRollout(seen({}), rollout, LINE)).toEqual({ verdict: green, sha: HEAD });
    const next = seen({ carried: ["5e6f708"] });
    expect(judgeRollout(next, rollout, LINE)).toEqual({ verdict: green, sha: NEXT });
  });

  it.each([
    ["another commit", [OLD]],
    ["nothing", []],
    ["too short a word", ["1a2b3c"]],
  ])("that carries %s is waited for, complete or failed", (_name, carried) => {
    const want = pending(`${TITLE} (it carries none of these commits)`);
    expect(judgeRollout(seen({ carried }), rollout, LINE)).toEqual(want);
    const failed = seen({ carried, progress: "deadline-exceeded" });
    expect(judgeRollout(failed, rollout, LINE)).toEqual(want);
  });

  it("under way with the commit is pending by its title", () => {
    const verdict = { kind: "pending", names: [TITLE] };
    expect(judgeRollout(seen({ progress: "under-way" }), rollout, LINE)).toEqual({
      verdict,
      sha: HEAD,
    });
  });

  it("past its deadline with the commit is red with its own words", () => {
    const late = seen({ progress: "deadline-exceeded", at: "2026-01-01T00:00:00.000Z" });
    const check = { name: TITLE, source: "rollout", state: "failure", url: null, id: "u-2" };
    const at = "2026-01-01T00:00:00.000Z";
    expect(judgeRollout(late, rollout, LINE).verdict).toEqual({
      kind: "red",
      failing: [{ ...check, at }],
    });
    const words = "ReplicaSet has timed out progressing.";
    expect(judgeRollout({ ...late, words } as RolloutSeen, rollout, LINE).verdict).toEqual({
      kind: "red",
      failing: [{ ...check, at, words }],
    });
  });

  it("of a workload that is absent or unreadable is waited for, and says so", () => {
    expect(judgeRollout({ kind: "absent" }, rollout, LINE)).toEqual(
      pending(`${TITLE} (there is no such workload)`),
    );
    const unreadable: RolloutSeen = { kind: "unreadable", why: "403" };
    expect(judgeRollout(unreadable, rollout, LINE)).toEqual(
      pending(`${TITLE} (could not be read: 403)`),
    );
  });
});

describe("the commits of a workload", () => {
  it.each([
    ["registry.example:5000/web:1a2b3c4", ["1a2b3c4"]],
    [`web:${HEAD}@sha256:${"ab".repeat(32)}`, [HEAD]],
    ["web:main-1a2b3c4-20260101", ["1a2b3c4", "20260101"]],
    ["web:sha-1a2b3c4", ["1a2b3c4"]],
    ["web:v1.2.3", []],
    ["web:deadbeefs", []],
    ["web", []],
    [`web@sha256:${"ab".repeat(32)}`, []],
    ["registry.example:5000/web", []],
  ])("of the image %s are %j", (image, commits) => {
    expect(commitsOfImage(image)).toEqual(commits);
  });

  it.each([
    [HEAD, [HEAD]],
    [`main@sha1:${HEAD}`, [HEAD]],
    [" 1a2b3c4 ", ["1a2b3c4"]],
    ["1a2b3c", []],
    ["rolled out 1a2b3c4 again", []],
    ['{"image":"web:1a2b3c4"}', []],
  ])("of the annotation %s are %j", (value, commits) => {
    expect(commitsOfAnnotation(value)).toEqual(commits);
  });
});

describe("the rollout stage", () => {
  const plain: RepoPolicy = { ci: "required", dispatchOnRed: false };
  const rolling: RepoPolicy = { ...plain, rollout };
  type Judged = Extract<RunCiSeen, { kind: "judged" }>;

  function judged(kind: "green" | "none" | "inconclusive"): Judged {
    return { kind: "judged", sha: HEAD, isOwnHead: true, verdict: { kind }, redOnBase: null };
  }

  function named(ci: RunCiSeen): readonly string[] {
    return ci.kind === "judged" ? (ci.stages ?? []).map(({ name }) => name) : [];
  }

  it("is read once all before it is green, or where the repo has no build", () => {
    expect(awaitsRollout(judged("green"), rolling)).toBe(true);
    expect(awaitsRollout(judged("green"), plain)).toBe(false);
    expect(awaitsRollout(judged("none"), rolling)).toBe(false);
    expect(awaitsRollout(judged("none"), { ...rolling, ci: "none" })).toBe(true);
    expect(awaitsRollout(judged("inconclusive"), rolling)).toBe(false);
    expect(awaitsRollout({ kind: "not-asked" }, rolling)).toBe(false);
  });

  it("comes after build and deployment, and green takes all three", () => {
    const deploying: RepoPolicy = { ...rolling, deploy: { environment: "production" } };
    const deployment = { id: "1", sha: HEAD, state: "success" as const, url: null };
    const deployed = withDeployments(judged("green"), deploying, {
      seen: {
        kind: "read",
        environment: "production",
        deployments: [{ ...deployment, creatorId: null, createdAt: "2026-01-01T00:00:00Z" }],
      },
      line: LINE,
    });
    if (!awaitsRollout(deployed, deploying)) throw new Error("not awaited");
    const under = withRollout(deployed, deploying, {
      seen: seen({ progress: "under-way" }),
      line: LINE,
    });
    expect(under).toMatchObject({ verdict: { kind: "pending", names: [TITLE] } });
    expect(isStageGreen(under, "deploy")).toBe(true);
    const whole = withRollout(deployed, deploying, { seen: seen({}), line: LINE });
    expect(named(whole)).toEqual(["build", "deploy", "rollout"]);
    expect(whole).toMatchObject({ verdict: { kind: "green" } });
    expect(isStageGreen(whole, "rollout")).toBe(true);
  });

  it("alone decides where there is no build, and changes nothing where none is configured", () => {
    const only: RepoPolicy = { ...rolling, ci: "none" };
    expect(named(withRollout(judged("none"), only, { seen: seen({}), line: LINE }))).toEqual([
      "rollout",
    ]);
    const ci = judged("green");
    expect(withRollout(ci, plain, { seen: seen({}), line: LINE })).toBe(ci);
  });

  it("red on a descendant is no red of our own", () => {
    const late = (carried: string) =>
      withRollout(judged("green"), rolling, {
        seen: seen({ progress: "deadline-exceeded", carried: [carried] }),
        line: LINE,
      });
    expect(late(HEAD)).toMatchObject({ sha: HEAD, isOwnHead: true, verdict: { kind: "red" } });
    expect(late(NEXT)).toMatchObject({ sha: NEXT, isOwnHead: false, verdict: { kind: "red" } });
  });
});
