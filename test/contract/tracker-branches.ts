import { describe, expect, it } from "vitest";
import type { BranchSeen } from "../../src/pure/commits.ts";
import type { RepoRef } from "../../src/pure/issue.ts";
import type { OpenTracker } from "./tracker-reads.ts";
import type { TrackerWorld } from "./tracker-world.ts";

async function since(world: TrackerWorld, repo: RepoRef, baseSha: string | null) {
  const [seen] = await world.tracker.readBranches([{ repo, baseSha }]);
  if (seen?.kind !== "readable") throw new Error(JSON.stringify(seen));
  return seen;
}

function shasOf(seen: Extract<BranchSeen, { kind: "readable" }>): readonly string[] {
  return seen.commits.map(({ sha }) => sha);
}

async function pushesOf(world: TrackerWorld, repo: RepoRef, branch = "main") {
  const [seen] = await world.tracker.readPushes([{ repo, branch, sinceMs: 0 }]);
  return seen?.kind === "readable" ? seen.pushes : seen;
}

/** What every reader of a tracker promises of push logs. */
export function describePushes(name: string, openWorld: OpenTracker): void {
  describe(`the push log of ${name}`, () => {
    it("shows each push once, newest first, with its head before and after", async () => {
      const world = await openWorld();
      const repo = await world.addRepo({ defaultBranch: "trunk" });
      const begin = (await since(world, repo, null)).headSha;
      const one = await world.push(repo, "One", world.people.admin);
      world.advance(5_000);
      const head = await world.pushOnto(repo, ["Two", "Three"], "Four");
      const log = await pushesOf(world, repo, "trunk");
      expect(log).toMatchObject([
        { before: one, after: head, isForced: false, by: world.people.writer.login },
        { before: begin, after: one, isForced: false, by: world.people.admin.login },
        { after: begin },
      ]);
      const [newest, older] = Array.isArray(log) ? log : [];
      expect(Date.parse(newest.at) - Date.parse(older.at)).toBe(5_000);
    });

    it("shows a forced push as one, by whom it was", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const kept = await world.push(repo, "Kept");
      const lost = await world.push(repo, "Lost");
      const fresh = await world.rewrite(repo, kept, "Fresh");
      const log = await pushesOf(world, repo);
      const forced = Array.isArray(log) ? log.filter((push) => push.isForced) : log;
      expect(forced).toMatchObject([{ before: lost, by: world.people.writer.login }]);
      expect(Array.isArray(log) ? log[0].after : log).toBe(fresh);
    });

    it("is of one branch, and of another that does not exist it is empty", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      await world.push(repo, "One");
      expect(await pushesOf(world, repo, "elsewhere")).toEqual([]);
    });

    it("is answered for each of several repos, in the order asked", async () => {
      const world = await openWorld();
      const [first, second] = [await world.addRepo(), await world.addRepo()];
      const [one, two] = [await world.push(first, "One"), await world.push(second, "Two")];
      const hidden = await world.addHiddenRepo();
      const query = { branch: "main", sinceMs: 0 };
      const seen = await world.tracker.readPushes([
        { repo: second, ...query },
        { repo: hidden, ...query },
        { repo: first, ...query },
      ]);
      const heads = seen.map((log) => (log.kind === "readable" ? log.pushes[0]?.after : log.kind));
      expect(heads).toEqual([two, "unreadable", one]);
    });
  });
}

/** What every reader of a tracker promises of default branches. */
export function describeBranches(name: string, openWorld: OpenTracker): void {
  describe(`the default branch of ${name}`, () => {
    it("shows what came after the base, newest first, with messages and parents", async () => {
      const world = await openWorld();
      const repo = await world.addRepo({ defaultBranch: "trunk" });
      const message = "Add – größer\n\nWhy: because.\n\nAFK-Run: 0123456789ab\nAFK-Phase: green";
      const base = await world.push(repo, "Base");
      const one = await world.push(repo, message);
      const two = await world.push(repo, "Two");
      expect(base).toMatch(/^[0-9a-f]{40}$/);
      expect(await since(world, repo, base)).toEqual({
        kind: "readable",
        headSha: two,
        isBaseFound: true,
        commits: [
          { sha: two, message: "Two", parents: [one] },
          { sha: one, message, parents: [base] },
        ],
      });
      expect(await since(world, repo, two)).toEqual({
        kind: "readable",
        headSha: two,
        isBaseFound: true,
        commits: [],
      });
    });

    it("shows the whole of a short history when there is no base", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const [begin] = (await since(world, repo, null)).commits;
      expect(begin?.parents).toEqual([]);
      const one = await world.push(repo, "One");
      const seen = await since(world, repo, null);
      expect([shasOf(seen), seen.isBaseFound]).toEqual([[one, begin?.sha], true]);
    });

    it("has lost a base that a forced push left behind, and shows all there is then", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const [begin] = (await since(world, repo, null)).commits;
      const kept = await world.push(repo, "Kept");
      const base = await world.push(repo, "Base");
      const lost = await world.push(repo, "Lost");
      const fresh = await world.rewrite(repo, kept, "Fresh");
      for (const gone of [base, lost, "0123456789".repeat(4)]) {
        const seen = await since(world, repo, gone);
        expect([seen.headSha, seen.isBaseFound]).toEqual([fresh, false]);
        expect(shasOf(seen)).toEqual([fresh, kept, begin?.sha]);
      }
      expect(shasOf(await since(world, repo, kept))).toEqual([fresh]);
    });

    it("is answered for each of several repos, in the order asked", async () => {
      const world = await openWorld();
      const [first, second] = [await world.addRepo(), await world.addRepo()];
      const [one, two] = [await world.push(first, "One"), await world.push(second, "Two")];
      const hidden = await world.addHiddenRepo();
      const seen = await world.tracker.readBranches([
        { repo: second, baseSha: two },
        { repo: hidden, baseSha: null },
        { repo: first, baseSha: null },
        { repo: second, baseSha: null },
      ]);
      expect(seen.map((each) => (each.kind === "readable" ? each.headSha : each.kind))).toEqual([
        two,
        "unreadable",
        one,
        two,
      ]);
      expect(seen.map((each) => (each.kind === "readable" ? each.commits.length : 0))).toEqual([
        0, 0, 2, 2,
      ]);
    });
  });
}
