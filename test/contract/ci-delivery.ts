import { describe, expect, it } from "vitest";
import { type CiVerdict, foldChecks } from "../../src/pure/ci-fold.ts";
import { judgeDeployments } from "../../src/pure/deployments.ts";
import type { RepoRef } from "../../src/pure/issue.ts";
import { foldSeen } from "../../src/pure/required-checks.ts";
import type { CiWorld, Commit } from "./ci-contract.ts";

const SECOND = 1000;
const ENVIRONMENT = "production";
const OUR_APP = 15_368;
const OTHER_APP = 99;

async function requiredVerdict({ ci }: CiWorld, at: Commit): Promise<CiVerdict> {
  const [seen] = await ci.readChecks([{ ...at, requiredOn: "main" }]);
  if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
  return foldSeen(seen);
}

async function deploymentsOf({ ci }: CiWorld, repo: RepoRef, environment = ENVIRONMENT) {
  const [seen] = await ci.readDeployments([{ repo, environment }]);
  if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
  return seen;
}

/** What every CI promises of required checks, deployments and a token that may not read checks. */
export function describeDelivery(name: string, openWorld: () => Promise<CiWorld>): void {
  async function openCommit() {
    const world = await openWorld();
    const repo = await world.addRepo();
    return { world, at: { repo, sha: await world.commit(repo) } };
  }

  describe(`the required checks of ${name}`, () => {
    it("are all that count, and each must report", async () => {
      const { world, at } = await openCommit();
      world.requireChecks(at.repo, [{ context: "unit", appId: null }]);
      world.report(at, { name: "flaky", state: "failure" });
      expect(await requiredVerdict(world, at)).toEqual({ kind: "pending", names: ["unit"] });
      world.report(at, { name: "unit", state: "success" });
      expect(await requiredVerdict(world, at)).toEqual({ kind: "green" });
      world.advance(SECOND);
      world.report(at, { name: "unit", state: "failure" });
      expect(await requiredVerdict(world, at)).toMatchObject({ kind: "red" });
    });

    it("are those of the App named, where one is", async () => {
      const { world, at } = await openCommit();
      world.requireChecks(at.repo, [{ context: "unit", appId: OUR_APP }]);
      world.report(at, { name: "unit", state: "success", appId: OTHER_APP });
      world.reportStatus(at, { name: "unit", state: "success" });
      expect(await requiredVerdict(world, at)).toEqual({ kind: "pending", names: ["unit"] });
      world.report(at, { name: "unit", state: "success", appId: OUR_APP });
      expect(await requiredVerdict(world, at)).toEqual({ kind: "green" });
    });

    it("may be commit statuses where no App is named", async () => {
      const { world, at } = await openCommit();
      world.requireChecks(at.repo, [{ context: "deploy/preview", appId: null }]);
      world.reportStatus(at, { name: "deploy/preview", state: "success" });
      expect(await requiredVerdict(world, at)).toEqual({ kind: "green" });
    });

    it("are none in a repo that requires none, which is never green", async () => {
      const { world, at } = await openCommit();
      world.report(at, { name: "unit", state: "success" });
      expect(await requiredVerdict(world, at)).toEqual({ kind: "none" });
    });

    it("are read for those commits only that ask for them", async () => {
      const { world, at } = await openCommit();
      world.requireChecks(at.repo, [{ context: "unit", appId: null }]);
      world.report(at, { name: "lint", state: "success" });
      const seen = await world.ci.readChecks([at, { ...at, requiredOn: "main" }]);
      const verdicts = seen.map((each) => (each.kind === "read" ? foldSeen(each).kind : each.kind));
      expect(verdicts).toEqual(["green", "pending"]);
    });
  });

  describe(`the deployments of ${name}`, () => {
    it("are none where nothing was deployed, and only those to the environment", async () => {
      const { world, at } = await openCommit();
      world.deploy(at, "staging");
      expect(await deploymentsOf(world, at.repo)).toEqual({
        kind: "read",
        environment: ENVIRONMENT,
        deployments: [],
      });
      expect((await deploymentsOf(world, at.repo, "staging")).deployments).toHaveLength(1);
      expect(await world.ci.readDeployments([])).toEqual([]);
    });

    it("are newest first, each with its commit, its creator, its words and its log", async () => {
      const { world, at } = await openCommit();
      const later = { ...at, sha: await world.commit(at.repo) };
      world.deploy(at, ENVIRONMENT);
      world.advance(SECOND);
      const id = world.deploy(later, ENVIRONMENT);
      const url = "https://ci.invalid/deployments/1";
      world.reportDeployment(at.repo, id, { state: "failure", words: "probe failed", url });
      const { deployments } = await deploymentsOf(world, at.repo);
      expect(deployments.map(({ sha, state }) => [sha, state])).toEqual([
        [later.sha, "failure"],
        [at.sha, "pending"],
      ]);
      expect(deployments[0]).toMatchObject({
        id,
        creatorId: world.deployerId,
        words: "probe failed",
        url,
      });
    });

    it("go from pending to success, and stay deployed when another takes their place", async () => {
      const { world, at } = await openCommit();
      const policy = { environment: ENVIRONMENT };
      const verdictOf = async () =>
        judgeDeployments(await deploymentsOf(world, at.repo), policy, [at.sha]).verdict.kind;
      expect(await verdictOf()).toBe("none");
      const id = world.deploy(at, ENVIRONMENT);
      world.reportDeployment(at.repo, id, { state: "pending" });
      expect(await verdictOf()).toBe("pending");
      world.reportDeployment(at.repo, id, { state: "success" });
      expect(await verdictOf()).toBe("green");
      const later = { ...at, sha: await world.commit(at.repo) };
      const next = world.deploy(later, ENVIRONMENT);
      world.reportDeployment(at.repo, next, { state: "success" });
      const { deployments } = await deploymentsOf(world, at.repo);
      expect(deployments.map(({ state }) => state)).toEqual(["success", "inactive"]);
      expect(await verdictOf()).toBe("green");
    });

    it("that never succeeded are not deployed when they are inactive", async () => {
      const { world, at } = await openCommit();
      const id = world.deploy(at, ENVIRONMENT);
      world.reportDeployment(at.repo, id, { state: "inactive" });
      const { deployments } = await deploymentsOf(world, at.repo);
      expect(deployments.map(({ state }) => state)).toEqual(["inconclusive"]);
    });

    it("are the newest fifty, and it is said when there are more", async () => {
      const { world, at } = await openCommit();
      for (let more = 0; more < 50; more += 1) world.deploy(at, ENVIRONMENT);
      expect((await deploymentsOf(world, at.repo)).isTruncated).toBeUndefined();
      world.deploy(at, ENVIRONMENT);
      const { deployments, isTruncated } = await deploymentsOf(world, at.repo);
      expect([deployments.length, isTruncated]).toEqual([50, true]);
    });

    it("are answered in the order asked, unreadable one by one", async () => {
      const { world, at } = await openCommit();
      const bad = await world.withBadToken().readDeployments([
        { repo: at.repo, environment: "one" },
        { repo: at.repo, environment: "two" },
      ]);
      expect(bad.map(({ kind, environment }) => [kind, environment])).toEqual([
        ["unreadable", "one"],
        ["unreadable", "two"],
      ]);
    });
  });

  describe(`what ${name} shows without access to checks`, () => {
    it("is said to be a part, and is judged as strictly", async () => {
      const world = await openWorld();
      const at = await world.failing(["it adds up", "expected 2, got 3"]);
      world.reportStatus(at, { name: "preview", state: "success" });
      const ci = world.fineGrained();
      const [seen] = await ci.readChecks([at]);
      if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
      expect(seen.caveat).toMatch(/checks/);
      const verdict = foldChecks(seen.checks);
      if (verdict.kind !== "red") throw new Error(verdict.kind);
      const [evidence] = await ci.readEvidence(at.repo, verdict.failing);
      expect(evidence?.logTail).toContain("it adds up\nexpected 2, got 3");
    });

    it("is the newest status of each name", async () => {
      const { world, at } = await openCommit();
      world.reportStatus(at, { name: "preview", state: "failure" });
      world.reportStatus(at, { name: "preview", state: "success" });
      const [seen] = await world.fineGrained().readChecks([at]);
      if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
      expect(seen.checks.map(({ state }) => state)).toEqual(["success"]);
    });
  });

  describe(`the words of ${name}`, () => {
    it("are the evidence of what has no log", async () => {
      const { world, at } = await openCommit();
      world.reportStatus(at, { name: "preview", state: "failure", words: "no quota left" });
      const [seen] = await world.ci.readChecks([at]);
      const checks = seen?.kind === "read" ? seen.checks : [];
      const id = world.deploy(at, ENVIRONMENT);
      world.reportDeployment(at.repo, id, { state: "failure", words: "probe failed" });
      const policy = { environment: ENVIRONMENT };
      const read = await deploymentsOf(world, at.repo);
      const { verdict } = judgeDeployments(read, policy, [at.sha]);
      const failing = verdict.kind === "red" ? verdict.failing : [];
      const evidence = await world.ci.readEvidence(at.repo, [...checks, ...failing]);
      expect(evidence.map(({ logTail }) => logTail)).toEqual(["no quota left", "probe failed"]);
    });
  });
}
