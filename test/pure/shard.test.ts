import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RepoRef } from "../../src/pure/issue.ts";
import { roomOfShard, type RunsElsewhere, shardOf, splitRepos } from "../../src/pure/shard.ts";

const REPOS = Array.from({ length: 500 }, (_, n): { readonly ref: RepoRef } => ({
  ref: { tracker: "github", owner: "octo", name: `repo-${n}` },
}));

describe("the shard of a repo", () => {
  it("is the same in every version", () => {
    const names = ["octo/demo", "Octo/Demo", "octo/repo-1", "octo/repo-2", "forge/x"];
    const shards = names.map((name) => {
      const [owner = "", repo = ""] = name.split("/");
      return shardOf({ tracker: "github", owner, name: repo }, 8);
    });
    expect(shards).toEqual([4, 4, 5, 4, 7]);
  });

  it("is one of all, and every shard has its part of many repos", () => {
    for (const count of [2, 3, 4, 16]) {
      const parts = Array.from({ length: count }, (_, index) =>
        splitRepos(REPOS, { index, count }),
      );
      const served = parts.flatMap(({ own }) => own);
      expect(new Set(served).size).toBe(REPOS.length);
      expect(served).toHaveLength(REPOS.length);
      for (const { own, elsewhere } of parts) {
        expect(own.length).toBeGreaterThan(REPOS.length / count / 2);
        expect(own.length + elsewhere.length).toBe(REPOS.length);
      }
    }
  });

  it("has all repos where there are no shards", () => {
    expect(splitRepos(REPOS, null)).toEqual({ own: REPOS, elsewhere: [] });
  });
});

function counted(running: number, index: number, count: number): RunsElsewhere {
  return { kind: "counted", running, shard: { index, count } };
}

describe("the room of a shard", () => {
  it("is none where the others' runs could not be counted", () => {
    const elsewhere: RunsElsewhere = { kind: "unreadable", why: "x" };
    expect(roomOfShard({ runsMax: 10, runningHere: 0, elsewhere, now: 0 })).toBe(0);
  });

  it("of all shards that read at one moment is exactly what the limit leaves", () => {
    const running = fc.array(fc.nat(6), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(running, fc.nat(30), fc.nat(1e9), (here, runsMax, now) => {
        let all = 0;
        for (const each of here) all += each;
        let room = 0;
        for (const [index, runningHere] of here.entries()) {
          const elsewhere = counted(all - runningHere, index, here.length);
          room += roomOfShard({ runsMax, runningHere, elsewhere, now });
        }
        expect(room).toBe(Math.max(0, runsMax - all));
      }),
    );
  });

  it("that is not enough for all goes around, and changes every five minutes only", () => {
    const at = (now: number, index: number) =>
      roomOfShard({ runsMax: 1, runningHere: 0, elsewhere: counted(0, index, 2), now });
    expect([at(0, 0), at(0, 1)]).toEqual([1, 0]);
    expect([at(299_999, 0), at(299_999, 1)]).toEqual([1, 0]);
    expect([at(300_000, 0), at(300_000, 1)]).toEqual([0, 1]);
  });
});
