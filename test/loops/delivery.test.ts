import { describe, expect, it } from "vitest";

import type { IssueRef } from "../../src/pure/issue.ts";
import { policyFor, repoNamed, World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const deploy = { environment: "production", creators: ["77"] };

/** A world with one run whose agent has landed its work. */
async function landed(
  policy: Parameters<typeof policyFor>[2],
  how: Parameters<World["agentLands"]>[1] = {},
) {
  const world = new World();
  policyFor(world, "a", policy);
  const ref = world.readyIssue();
  await world.tickOn();
  const sha = world.agentLands(ref, how);
  return { world, ref, sha };
}

function detailOf(world: World, ref: IssueRef): string {
  return world.record(ref).verdict?.detail ?? "";
}

function callsOf(world: World, name: string): readonly string[] {
  return world.ci.calls.filter((call) => call.startsWith(name));
}

describe("a repo that deploys", () => {
  it("has its run done only when the work was deployed, by somebody who may", async () => {
    const { world, ref, sha } = await landed({ deploy });
    const repo = repoNamed("a");
    await world.tickOn();
    expect(world.verdict(ref)).toBeNull();
    expect(world.progressComments(ref)[0]).toContain("- [x] CI: every check passed");
    expect(world.progressComments(ref)[0]).toContain("- [ ] Deployed: not yet");
    const forged = world.ci.deploy(repo, { sha, environment: "production", creatorId: "1" });
    world.ci.deployed(repo, forged, { state: "success" });
    await world.tickOn();
    expect(world.verdict(ref)).toBeNull();
    const id = world.ci.deploy(repo, { sha, environment: "production", creatorId: "77" });
    await world.tickOn();
    expect(world.verdict(ref)).toBeNull();
    world.ci.deployed(repo, id, { state: "success" });
    await world.tickOn();
    expect(world.verdict(ref)).toBe("done green");
    expect(detailOf(world, ref)).toBe(`green on ${sha}: build, deployment to production`);
    expect(world.progressComments(ref)[0]).toContain("- [x] Deployed: a deployment succeeded");
  });

  it("is not asked for deployments before its build is green, and never where none is set", async () => {
    const { world } = await landed({ deploy }, { ci: "later-green" });
    await world.tickOn(2);
    expect(callsOf(world, "readDeployments")).toEqual([]);
    world.ciEnds();
    await world.tickOn();
    expect(callsOf(world, "readDeployments")).toHaveLength(1);
    const plain = await landed({});
    await plain.world.tickOn();
    expect(callsOf(plain.world, "readDeployments")).toEqual([]);
  });

  it("has a deployment of a later commit count for its run", async () => {
    const { world, ref } = await landed({ deploy });
    const repo = repoNamed("a");
    const later = world.tracker.push(repo, { message: "Somebody else's" });
    const id = world.ci.deploy(repo, { sha: later, environment: "production", creatorId: "77" });
    world.ci.deployed(repo, id, { state: "success" });
    await world.tickOn();
    expect(world.verdict(ref)).toBe("done green");
  });

  it("has a failed deployment corrected with its own words", async () => {
    const { world, ref, sha } = await landed({ deploy });
    const repo = repoNamed("a");
    const id = world.ci.deploy(repo, { sha, environment: "production", creatorId: "77" });
    const url = "https://deploy.example/log/1";
    world.ci.deployed(repo, id, { state: "failure", words: "the probe failed", url });
    await world.tickOn();
    expect(world.turnsAsked(ref)).toEqual(["first/0", "corrective/0"]);
    const prompt = world.thread(ref).messages.at(-1)?.text;
    expect(prompt).toContain("deployment to production");
    expect(prompt).toContain(url);
    expect(prompt).toContain("the probe failed");
  });

  it("names the stage when nothing was ever deployed", async () => {
    const { world, ref } = await landed({ deploy });
    await world.tickOn();
    world.advance(4 * HOUR);
    await world.tickOn();
    expect(world.verdict(ref)).toBe("needs-human no-verdict");
    expect(detailOf(world, ref)).toBe("still pending: deployment to production");
  });

  it("may have no CI", async () => {
    const { world, ref, sha } = await landed({ ci: "none", deploy }, { ci: "none" });
    await world.tickOn();
    expect(world.verdict(ref)).toBeNull();
    const id = world.ci.deploy(repoNamed("a"), {
      sha,
      environment: "production",
      creatorId: "77",
    });
    world.ci.deployed(repoNamed("a"), id, { state: "success" });
    await world.tickOn();
    expect(world.verdict(ref)).toBe("done no-ci-declared");
  });
});

describe("a repo of which only required checks count", () => {
  const needed = [{ context: "test", appId: null }];

  it("is done on these alone", async () => {
    const { world, ref, sha } = await landed({ checks: "required" }, { ci: "none" });
    world.ci.setRequired(repoNamed("a"), needed);
    world.ci.red(sha, "flaky");
    await world.tickOn(5);
    expect(world.verdict(ref)).toBeNull();
    world.ci.green(sha, "test");
    await world.tickOn();
    expect(world.verdict(ref)).toBe("done green");
  });

  it("is never done where the branch requires none, and says so", async () => {
    const { world, ref } = await landed({ checks: "required" });
    await world.tickOn(5);
    expect(world.verdict(ref)).toBe("needs-human no-ci");
    expect(detailOf(world, ref)).toMatch(
      /only required checks count, and the branch requires none/,
    );
  });

  it("starts runs while only other checks of its base are red", async () => {
    const world = new World();
    policyFor(world, "a", { checks: "required" });
    world.ci.setRequired(repoNamed("a"), needed);
    const head = world.tracker.push(repoNamed("a"), { message: "Go on" });
    world.ci.green(head, "test");
    world.ci.red(head, "flaky");
    world.readyIssue();
    expect(await world.poll()).toMatchObject({ dispatched: 1 });
  });

  it("holds runs back while a required one of its base is red", async () => {
    const world = new World();
    policyFor(world, "a", { checks: "required" });
    world.ci.setRequired(repoNamed("a"), needed);
    world.ci.red(world.tracker.push(repoNamed("a"), { message: "Break" }), "test");
    world.readyIssue();
    expect(await world.poll()).toMatchObject({ dispatched: 0, held: { "base-red": 1 } });
  });
});

it("a commit that skips CI is not done by what else is green on it, and the person is told", async () => {
  const { world, ref } = await landed({}, { ci: "none" });
  const trailers = `AFK-Run: ${world.record(ref).runId}\nAFK-Phase: green`;
  const message = `Finish [skip ci]\n\nRefs o/a#1\n\n${trailers}`;
  const sha = world.tracker.push(repoNamed("a"), { message });
  world.ci.status(sha, "vercel", "success");
  await world.tickOn(5);
  expect(world.verdict(ref)).toBe("needs-human no-ci");
  expect(detailOf(world, ref)).toContain(`commit ${sha} skips CI by a marker in its message`);
});

describe("what a tick asks of CI", () => {
  it("is one question for ten runs of which nothing changed", async () => {
    const names = Array.from({ length: 10 }, (_, at) => `repo-${at}`);
    const world = new World({ repos: names });
    for (const name of names) policyFor(world, name, { deploy });
    const refs = names.map((name) => world.readyIssue(name));
    await world.tickOn();
    for (const ref of refs) world.agentLands(ref, { ci: "pending" });
    await world.tickOn(2);
    const before = world.ci.calls.length;
    await world.watch();
    const asked = world.ci.calls.slice(before);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.split("@")).toHaveLength(11);
  });

  it("is answered in part where the token may not read all, said once a tick for each repo", async () => {
    const world = new World({ repos: ["a", "b"] });
    const refs = ["a", "b"].map((name) => world.readyIssue(name));
    await world.tickOn();
    for (const ref of refs) world.agentLands(ref, { ci: "pending" });
    // Later commits are asked about as well, in the same question.
    for (const message of ["One", "Two"]) world.tracker.push(repoNamed("a"), { message });
    world.ci.setCaveat("no checks of other Apps");
    const before = world.logs("CI was read in part only").length;
    await world.watch();
    const said = world.logs("CI was read in part only").slice(before);
    expect(said.map(({ level, fields }) => [level, fields["repo"], fields["why"]])).toEqual([
      ["warn", "o/a", "no checks of other Apps"],
      ["warn", "o/b", "no checks of other Apps"],
    ]);
  });
});
