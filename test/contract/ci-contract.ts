import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { type Check, type CheckState, type CiVerdict, foldChecks } from "../../src/pure/ci-fold.ts";
import type { RepoRef } from "../../src/pure/issue.ts";
import type { CiReader } from "../../src/pure/ports/ci.ts";
import { parseIso } from "../../src/pure/time.ts";
import { BAD_TOKEN } from "./tracker-world.ts";

/** What a check can be reported to be; `unknown` is a word of later versions. */
export type Reported = Exclude<CheckState, "unknown">;

/** One CI as repos and people see it, and the port that is put to the test. */
export type CiWorld = {
  readonly ci: CiReader;
  advance(ms: number): void;
  addRepo(): Promise<RepoRef>;
  /** A repo that our token may not see. */
  addHiddenRepo(): Promise<RepoRef>;
  /** A commit that nothing has reported on. */
  commit(repo: RepoRef): Promise<string>;
  /** A check of its own, also where there is one of that name already. `words` is what it has to show. */
  report(
    at: Commit,
    check: { name: string; state: Reported; words?: string; appId?: number },
  ): void;
  /** The older kind of check, which replaces the one of its name. */
  reportStatus(
    at: Commit,
    status: { name: string; state: "success" | "failure" | "pending"; words?: string },
  ): void;
  /** What the repo's default branch, `main`, requires. */
  requireChecks(
    repo: RepoRef,
    required: readonly { context: string; appId: number | null }[],
  ): void;
  /** The account that deploys. */
  readonly deployerId: string;
  /** A deployment that nobody has reported on. */
  deploy(at: Commit, environment: string): string;
  reportDeployment(
    repo: RepoRef,
    id: string,
    report: {
      state: "success" | "failure" | "pending" | "inactive";
      words?: string;
      url?: string;
    },
  ): void;
  /** The port with a token that cannot read checks. */
  fineGrained(): CiReader;
  /** A commit on which the job `unit` has failed, with a log that holds these lines. */
  failing(log: readonly string[]): Promise<Commit>;
  /** The port with `BAD_TOKEN`. */
  withBadToken(): CiReader;
};

export type Commit = { readonly repo: RepoRef; readonly sha: string };

/** Every word a check can be reported with, in no order that means anything. */
const STATES: readonly Reported[] = [
  "success",
  "neutral",
  "skipped",
  "failure",
  "timed-out",
  "startup-failure",
  "cancelled",
  "stale",
  "action-required",
  "pending",
];

const SECOND = 1000;
const UNKNOWN_SHA = "0123456789".repeat(4);

/** What the evidence of one check may take of a prompt. */
const TAIL_BYTES_MAX = 8 * 1024;
const TAIL_LINES_MAX = 50;
const EVIDENCE_CHECKS_MAX = 5;

async function checksOf(ci: CiReader, at: Commit): Promise<readonly Check[]> {
  const [seen] = await ci.readChecks([at]);
  if (seen?.kind !== "read") throw new Error(JSON.stringify(seen));
  return seen.checks;
}

async function verdictOf(ci: CiReader, at: Commit): Promise<CiVerdict["kind"]> {
  return foldChecks(await checksOf(ci, at)).kind;
}

/** What every CI promises. */
export function describeCi(name: string, openWorld: () => Promise<CiWorld>): void {
  async function openCommit() {
    const world = await openWorld();
    const repo = await world.addRepo();
    return { world, at: { repo, sha: await world.commit(repo) } };
  }

  describe(`the checks of ${name}`, () => {
    it("are none where nothing was reported, and only those of their commit", async () => {
      const { world, at } = await openCommit();
      expect(await world.ci.readChecks([at])).toEqual([{ kind: "read", sha: at.sha, checks: [] }]);
      expect(await verdictOf(world.ci, at)).toBe("none");
      const later = { ...at, sha: await world.commit(at.repo) };
      world.report(later, { name: "unit", state: "success" });
      expect([await verdictOf(world.ci, at), await verdictOf(world.ci, later)]).toEqual([
        "none",
        "green",
      ]);
    });

    it("are told in every state, each with an id, a time and a place of its own", async () => {
      const { world, at } = await openCommit();
      for (const state of STATES) world.report(at, { name: `is ${state}`, state });
      const checks = await checksOf(world.ci, at);
      const told = checks.map((check) => `${check.name}: ${check.state}`);
      expect(new Set(told)).toEqual(new Set(STATES.map((state) => `is ${state}: ${state}`)));
      expect(told).toHaveLength(STATES.length);
      expect(new Set(checks.map(({ id }) => id)).size).toBe(STATES.length);
      for (const { at: time, url, source } of checks) {
        expect([parseIso(time) === null, URL.canParse(url ?? ""), source === ""]).toEqual([
          false,
          true,
          false,
        ]);
      }
    });

    const verdicts: ReadonlyArray<readonly [kind: CiVerdict["kind"], states: readonly Reported[]]> =
      [
        ["green", ["success", "neutral", "skipped"]],
        ["red", ["success", "failure", "pending"]],
        ["pending", ["success", "pending"]],
        ["action-required", ["success", "action-required"]],
        ["inconclusive", ["success", "cancelled"]],
        ["none", ["skipped", "neutral"]],
      ];
    it("add up to each verdict", async () => {
      const { world, at } = await openCommit();
      for (const [kind, states] of verdicts) {
        const here = { ...at, sha: await world.commit(at.repo) };
        for (const state of states) world.report(here, { name: state, state });
        expect([kind, await verdictOf(world.ci, here)]).toEqual([kind, kind]);
      }
    });

    it("count in their newest run only, and in both when these are of one second", async () => {
      const { world, at } = await openCommit();
      world.report(at, { name: "unit", state: "failure" });
      world.report(at, { name: "unit", state: "success" });
      expect(await verdictOf(world.ci, at)).toBe("red");
      world.advance(SECOND);
      world.report(at, { name: "unit", state: "pending" });
      expect(await verdictOf(world.ci, at)).toBe("pending");
      world.advance(SECOND);
      world.report(at, { name: "unit", state: "success" });
      expect(await verdictOf(world.ci, at)).toBe("green");
      world.advance(SECOND);
      world.report(at, { name: "unit", state: "timed-out" });
      expect(await verdictOf(world.ci, at)).toBe("red");
    });

    it("count beside a status of the same name, of which the newest counts at once", async () => {
      const { world, at } = await openCommit();
      world.report(at, { name: "unit", state: "success" });
      for (const state of ["failure", "pending", "success"] as const) {
        world.reportStatus(at, { name: "unit", state });
        const verdict = { failure: "red", pending: "pending", success: "green" }[state];
        expect(await verdictOf(world.ci, at)).toBe(verdict);
      }
      expect(await checksOf(world.ci, at)).toHaveLength(2);
    });

    it("are read to the last, however many", async () => {
      const { world, at } = await openCommit();
      for (let more = 1; more <= 101; more += 1) {
        world.report(at, { name: `job ${more}`, state: more === 101 ? "failure" : "success" });
      }
      expect(await checksOf(world.ci, at)).toHaveLength(101);
      expect(await verdictOf(world.ci, at)).toBe("red");
    });

    it("are answered in the order asked, unreadable one by one", async () => {
      const { world, at } = await openCommit();
      const other = { ...at, sha: await world.commit(at.repo) };
      world.report(other, { name: "unit", state: "success" });
      const hidden = await world.addHiddenRepo();
      const queries = [
        other,
        { ...at, sha: UNKNOWN_SHA },
        { repo: hidden, sha: at.sha },
        ...Array.from({ length: 12 }, () => at),
        other,
      ];
      const seen = await world.ci.readChecks(queries);
      expect(seen.map(({ sha }) => sha)).toEqual(queries.map(({ sha }) => sha));
      const counts = seen.map((each) => (each.kind === "read" ? each.checks.length : each.kind));
      expect(counts).toEqual([1, "unreadable", "unreadable", ...Array(12).fill(0), 1]);
      expect(seen.filter((each) => each.kind === "unreadable" && each.why === "")).toEqual([]);
      expect(await world.ci.readChecks([])).toEqual([]);
    });

    it("are unreadable with a bad token, and then there is no evidence; neither tells it", async () => {
      const { world, at } = await openCommit();
      world.report(at, { name: "unit", state: "failure", words: "broke" });
      const failing = await checksOf(world.ci, at);
      const ci = world.withBadToken();
      const seen = await ci.readChecks([at]);
      expect(seen).toMatchObject([{ kind: "unreadable", sha: at.sha }]);
      const [check] = failing;
      const nothing = { name: check?.name, url: check?.url, logTail: "" };
      expect(await ci.readEvidence(at.repo, failing)).toEqual([nothing]);
      expect(inspect(seen)).not.toContain(BAD_TOKEN);
    });
  });

  describe(`the evidence of ${name}`, () => {
    it("is in the order asked, by name and place, and empty where there are no words", async () => {
      const { world, at } = await openCommit();
      world.report(at, { name: "unit", state: "failure", words: "expected 2, got 3" });
      world.report(at, { name: "lint", state: "timed-out", words: "too slow" });
      const [first] = await checksOf(world.ci, at);
      // A status has no words, also when it calls itself like a check that has some.
      const status = first?.id ?? "";
      world.reportStatus(at, { name: status, state: "failure" });
      const checks = await checksOf(world.ci, at);
      const failing = [status, "lint", "unit"].flatMap((one) =>
        checks.filter((check) => check.name === one),
      );
      const evidence = await world.ci.readEvidence(at.repo, failing);
      expect(evidence.map((each) => [each.name, each.url])).toEqual(
        failing.map((check) => [check.name, check.url]),
      );
      expect(evidence.map(({ logTail }) => logTail)).toEqual([
        "",
        expect.stringMatching(/too slow$/),
        expect.stringMatching(/expected 2, got 3$/),
      ]);
      expect(await world.ci.readEvidence(at.repo, [])).toEqual([]);
    });

    it("is the log of a job that ran", async () => {
      const world = await openWorld();
      const at = await world.failing(["it adds up", "expected 2, got 3"]);
      const verdict = foldChecks(await checksOf(world.ci, at));
      if (verdict.kind !== "red") throw new Error(verdict.kind);
      const [evidence] = await world.ci.readEvidence(at.repo, verdict.failing);
      expect(evidence?.name).toBe("unit");
      expect(evidence?.logTail).toContain("it adds up\nexpected 2, got 3");
    });

    it("is the end of what is longer than a prompt can take, by size and by lines", async () => {
      const { world, at } = await openCommit();
      const words = `the beginning ${"x".repeat(2 * TAIL_BYTES_MAX)} the end`;
      const lines = Array.from({ length: 200 }, (_, line) => `line ${line}`).join("\n");
      world.report(at, { name: "long", state: "failure", words });
      world.report(at, { name: "tall", state: "failure", words: lines });
      const failing = (await checksOf(world.ci, at)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const [long, tall] = await world.ci.readEvidence(at.repo, failing);
      expect(Buffer.byteLength(long?.logTail ?? "")).toBe(TAIL_BYTES_MAX);
      expect(long?.logTail).toMatch(/^x.* the end$/);
      expect(tall?.logTail.split("\n")).toHaveLength(TAIL_LINES_MAX);
      expect(tall?.logTail).toMatch(/line 199$/);
    });

    it(`has the words of the first ${EVIDENCE_CHECKS_MAX} checks only`, async () => {
      const { world, at } = await openCommit();
      for (let more = 1; more <= EVIDENCE_CHECKS_MAX + 1; more += 1) {
        world.report(at, { name: `job ${more}`, state: "failure", words: "broke" });
      }
      const evidence = await world.ci.readEvidence(at.repo, await checksOf(world.ci, at));
      const isTold = evidence.map(({ logTail }) => logTail !== "");
      expect(isTold).toEqual([...Array(EVIDENCE_CHECKS_MAX).fill(true), false]);
    });
  });
}
