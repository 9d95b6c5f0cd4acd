import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Fault, FaultMatch } from "../../sandbox/forge/faults.ts";
import { type IssueRef, repoKey } from "../../src/pure/issue.ts";
import { type ForgeHouse, startForgeHouse } from "../contract/forge-tracker-world.ts";
import { LABELS } from "../contract/tracker-world.ts";
import { ForgeTicks, nameOf } from "./forge-ticks.ts";

/** An undisturbed run is told after three minutes; a fault may cost it a tick or two, never its end. */
const CALM_MINUTES = 3;
const MINUTES_MAX = 8;

let house: ForgeHouse;
let ticks: ForgeTicks;

beforeAll(async () => {
  house = await startForgeHouse();
});
afterAll(() => house.close());
beforeEach(() => {
  ticks = new ForgeTicks(house);
});
afterEach(() => ticks.close());

const DONE = {
  state: "closed",
  labels: [],
  progress: 1,
  notices: 1,
  threads: 1,
  turns: 1,
  bells: 1,
};

/** Goes on until every run is told; answers after how many minutes each issue was done. */
async function toTheEnd(minutesMax = MINUTES_MAX): Promise<ReadonlyMap<IssueRef, number>> {
  const done = new Map<IssueRef, number>();
  for (let minute = 1; minute <= minutesMax && done.size < ticks.issues.length; minute += 1) {
    await ticks.minute();
    for (const ref of ticks.issues) {
      const isDone = JSON.stringify(ticks.stand(ref)) === JSON.stringify(DONE);
      if (isDone && !done.has(ref)) done.set(ref, minute);
    }
  }
  return done;
}

/** Nothing is written any more once all is told. */
async function expectQuiet(): Promise<void> {
  const before = house.forge.requests.filter(({ isWrite }) => isWrite).length;
  for (let minute = 0; minute < 3; minute += 1) {
    expect(await ticks.poll()).toMatchObject({ candidates: 0 });
    await ticks.watch();
  }
  expect(house.forge.requests.filter(({ isWrite }) => isWrite)).toHaveLength(before);
}

/** One repo is disturbed, another is not. */
async function enrolTwo(): Promise<{ readonly hit: IssueRef; readonly spared: IssueRef }> {
  return { hit: await ticks.enrol(), spared: await ticks.enrol() };
}

it("two undisturbed runs are done in so many minutes, and then nothing is written", async () => {
  const { hit, spared } = await enrolTwo();
  const done = await toTheEnd();
  expect([done.get(hit), done.get(spared)]).toEqual([CALM_MINUTES, CALM_MINUTES]);
  expect(ticks.said).toEqual([]);
  await expectQuiet();
});

type Place = readonly [name: string, match: Omit<FaultMatch, "path">, path: string, nth: number];

/** Every write of a run, in the order in which it comes: which request, and the how manyth of its kind. */
const WRITES: readonly Place[] = [
  ["the progress comment", { method: "POST" }, "/issues/1/comments", 1],
  ["the in-progress label's creation", { method: "POST" }, "/labels", 1],
  ["the in-progress label", { method: "POST" }, "/issues/1/labels", 1],
  ["the record's edit", { method: "PATCH" }, "/issues/comments/", 1],
  ["the notice", { method: "POST" }, "/issues/1/comments", 2],
  ["the closing", { method: "PATCH" }, "/issues/1", 1],
  ["the ready label's removal", { method: "DELETE" }, "/labels/ready-for-agent", 1],
  ["the release", { method: "DELETE" }, "/labels/agent-in-progress", 1],
];
/** What needs no looking back for is told by the first two; a hang costs its whole timeout. */
const FEW = new Set(["the progress comment", "the in-progress label", "the notice", "the closing"]);
const FAULTS: ReadonlyArray<readonly [fault: Fault, places: readonly Place[]]> = [
  ["502-after", WRITES],
  ["301", WRITES],
  ["500-before", WRITES.filter(([name]) => FEW.has(name))],
  ["hang", WRITES.filter(([name]) => FEW.has(name))],
];

describe.each(FAULTS)("a request that ends as %s", (fault, places) => {
  it.each(places)("doubles and loses nothing where it is %s", async (_name, match, path, nth) => {
    const { hit, spared } = await enrolTwo();
    const at = new RegExp(`^/repos/${repoKey(hit.repo)}.*${path}(?:\\d+)?$`);
    strikeNth({ ...match, path: at }, fault, nth);
    const done = await toTheEnd();
    expect(ticks.stand(hit)).toEqual(DONE);
    // The other repo is served as if nothing had been, and nothing is said against it.
    expect(done.get(spared)).toBe(CALM_MINUTES);
    expect(ticks.said.length).toBeGreaterThan(0);
    for (const { text } of ticks.said) {
      expect(text).toContain(repoKey(hit.repo));
      expect(text).not.toContain(repoKey(spared.repo));
    }
    const isMoved = ticks.said.some(({ text }) => text.includes("it has moved"));
    expect(isMoved).toBe(fault === "301");
    await expectQuiet();
  });
});

/** A fault for the n-th request that matches: those before it pass. */
function strikeNth(match: FaultMatch, fault: Fault, nth: number): void {
  if (nth === 1) return house.forge.failNext(match, fault);
  const isHit = ({ method, path }: { method: string; path: string }) =>
    method === match.method && match.path instanceof RegExp && match.path.test(path);
  const seen = house.forge.requests.length;
  const stop = house.forge.on(() => {
    const before = house.forge.requests.slice(seen).filter(isHit).length;
    if (before < nth - 1) return;
    stop();
    house.forge.failNext(match, fault);
  });
}

describe("a read that fails", () => {
  const operations = ["ListRepos", "IssueDetails", "Branches"];
  it.each(operations)("by a hang of %s costs a tick and nothing else", async (operation) => {
    const { hit, spared } = await enrolTwo();
    house.forge.failNext({ operation }, "hang");
    const before = house.forge.requests.length;
    await toTheEnd();
    const unanswered = house.forge.requests.slice(before).filter(({ status }) => status === null);
    expect(unanswered.map((request) => request.operation)).toEqual([operation]);
    for (const ref of [hit, spared]) expect(ticks.stand(ref)).toEqual(DONE);
    await expectQuiet();
  });

  it("by a repo that is not there is that repo's alone", async () => {
    const { hit, spared } = await enrolTwo();
    ticks.repos.unshift({ tracker: "github", owner: "acme", name: "gone" });
    const done = await toTheEnd();
    expect([done.get(hit), done.get(spared)]).toEqual([CALM_MINUTES, CALM_MINUTES]);
    expect(new Set(ticks.said.map(({ text }) => text.includes("acme/gone")))).toEqual(
      new Set([true]),
    );
  });

  it("by a part of an answer holds the issue it is about, and no other", async () => {
    const { hit, spared } = await enrolTwo();
    const hidden = await house.addRepo({ isHidden: true });
    const secret = house.forge.createIssue({
      repo: repoKey(hidden),
      title: "Secret",
      body: "",
      by: house.people.admin.login,
    });
    house.forge.addBlocker(nameOf(hit), { repo: repoKey(hidden), number: secret });
    for (let minute = 0; minute < CALM_MINUTES; minute += 1) await ticks.minute();
    expect(ticks.stand(spared)).toEqual(DONE);
    expect(ticks.stand(hit)).toMatchObject({ state: "open", labels: [LABELS.ready], threads: 0 });
  });
});

describe("a secondary limit", () => {
  /** Every request is refused once the first comment is there: in the middle of a dispatch. */
  function limitFor(seconds: number): void {
    const stop = house.forge.on((event) => {
      if (event.kind !== "comment") return;
      stop();
      const untilMs = house.clock.now() + seconds * 1000;
      house.forge.setLimit({ kind: "secondary", status: 403, retryAfterS: seconds, untilMs });
    });
  }

  it("that outlasts the tick ends it, and the ticks after it go on where it stopped", async () => {
    const { hit, spared } = await enrolTwo();
    limitFor(300);
    expect(await ticks.poll()).toMatchObject({ dispatched: 0 });
    const written = house.forge.requests.filter(({ isWrite }) => isWrite).length;
    // Nothing is written while it lasts, whatever the ticks try.
    for (let minute = 0; minute < 4; minute += 1) await ticks.minute();
    expect(house.forge.requests.filter(({ isWrite }) => isWrite)).toHaveLength(written);
    const done = await toTheEnd();
    expect(done.size).toBe(2);
    for (const ref of [hit, spared]) expect(ticks.stand(ref)).toEqual(DONE);
    await expectQuiet();
  });

  it("that ends within the tick is waited for, and nobody has to look", async () => {
    const { hit, spared } = await enrolTwo();
    limitFor(5);
    const done = await toTheEnd();
    expect([done.get(hit), done.get(spared)]).toEqual([CALM_MINUTES, CALM_MINUTES]);
    expect(ticks.said.filter(({ level }) => level === "error")).toEqual([]);
    await expectQuiet();
  });
});

describe("the head of the push", () => {
  it("is judged, not a commit below it that a bot's status calls a success", async () => {
    const ref = await ticks.enrol();
    let own = "";
    await ticks.minute(async () => {
      const [id = ""] = ticks.threadsOf(ref);
      ticks.agent.startTurns(id);
      // The run's commit comes below another one of the same push, which alone gets checks.
      const head = await ticks.push(ref, [ticks.message(ref, "green")], "Tidy up");
      const commits = await house.forge.commits(repoKey(ref.repo));
      own = commits[1]?.sha ?? "";
      house.forge.reportStatus(repoKey(ref.repo), { sha: own, context: "cla", state: "success" });
      ticks.agent.finish(id, { lastWords: `Done.\n\nAFK-Outcome: pushed ${head}` });
    });
    const idle = async () => {};
    await ticks.minute(idle);
    expect(ticks.stand(ref)).toMatchObject({ state: "open", notices: 0 });
    const log = `/repos/${repoKey(ref.repo)}/activity`;
    const activity = () => house.forge.requests.filter(({ path }) => path.startsWith(log));
    const asked = activity().length;
    expect(asked).toBe(1);
    await ticks.minute(idle);
    // Once the head is known the log is not asked again.
    expect(activity()).toHaveLength(asked);
    const [head] = await house.forge.commits(repoKey(ref.repo));
    const sha = head?.sha ?? "";
    house.forge.reportCheck(repoKey(ref.repo), { sha, name: "test", conclusion: "success" });
    await ticks.minute(idle);
    expect(ticks.stand(ref)).toEqual(DONE);
  });
});
