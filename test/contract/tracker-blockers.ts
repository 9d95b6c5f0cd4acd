import { describe, expect, it } from "vitest";
import { BLOCKER_WORDS_MAX } from "../../src/pure/blocker-words.ts";
import { type IssueRef, issueKey, type RepoRef } from "../../src/pure/issue.ts";
import { actorOf, listOne, nowhere, type OpenTracker, readIssue } from "./tracker-reads.ts";
import { LABELS, type Tracker, type TrackerWorld } from "./tracker-world.ts";

const { ready } = LABELS;

/** What every reader of a tracker promises of an issue's blockers. */
export function describeBlockers(name: string, openWorld: OpenTracker): void {
  async function statesOf(tracker: Tracker, ref: IssueRef): Promise<readonly string[]> {
    const { blockers } = await readIssue(tracker, ref);
    if (blockers.kind === "unreadable") throw new Error(blockers.why);
    return blockers.blockers.map(({ key, state, cycle = [] }) => {
      if (state === "cyclic") return cycle.join(" → ");
      return state === "unreadable" ? state : `${key} ${state}`;
    });
  }

  describe(`the blockers of ${name}`, () => {
    it("are open until they are closed, and stay named then", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const [ref, blocker] = [world.open(repo), world.open(repo)];
      expect(await statesOf(world.tracker, ref)).toEqual([]);
      world.addBlocker(ref, blocker);
      expect(await statesOf(world.tracker, ref)).toEqual([`${issueKey(blocker)} open`]);
      world.close(blocker, world.people.writer, "hand");
      expect(await statesOf(world.tracker, ref)).toEqual([`${issueKey(blocker)} closed`]);
    });

    it("may be in another repo, and are unreadable one by one where that is hidden", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      const elsewhere = world.open(await world.addRepo());
      world.addBlocker(ref, elsewhere);
      world.addBlocker(ref, { repo: await world.addHiddenRepo(), number: 1 });
      world.label(ref, ready, world.people.writer);
      const wanted = [`${issueKey(elsewhere)} open`, "unreadable"];
      expect((await statesOf(world.tracker, ref)).toSorted()).toEqual(wanted);
      expect((await listOne(world.tracker, ref.repo)).issues).toHaveLength(1);
    });

    it("are also those that the words of a candidate name, once each", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const [linked, named, elsewhere] = [
        world.open(repo),
        world.open(repo),
        world.open(await world.addRepo()),
      ];
      const body = `Blocked by #${named.number} and #${linked.number}.

        Not blocked by #77.

## Depends on
- [x] ${issueKey(elsewhere)}
`;
      const ref = candidate(world, repo, body);
      world.addBlocker(ref, linked);
      const wanted = (state: string) => [
        `${issueKey(linked)} open`,
        `${issueKey(named)} ${state}`,
        `${issueKey(elsewhere)} open`,
      ];
      expect((await statesOf(world.tracker, ref)).toSorted()).toEqual(wanted("open").toSorted());
      world.close(named, world.people.writer, "hand");
      expect((await statesOf(world.tracker, ref)).toSorted()).toEqual(wanted("closed").toSorted());
    });

    it("named by words are unreadable where nothing is seen there", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const hidden = await world.addHiddenRepo();
      const named = [`${repo.owner}/${repo.name}#99`, `${hidden.owner}/${hidden.name}#1`];
      const ref = candidate(world, repo, `Blocked by ${named.join(", ")}, acme/nowhere#1`);
      expect(await statesOf(world.tracker, ref)).toEqual([
        "unreadable",
        "unreadable",
        "unreadable",
      ]);
    });

    it("named by words may be pull requests, open until they are closed or merged", async () => {
      const world = await openWorld();
      for (const [state, want] of [
        ["open", "open"],
        ["closed", "closed"],
        ["merged", "closed"],
      ] as const) {
        const repo = await world.addRepo();
        const pull = world.openPullRequest(repo, state);
        const ref = candidate(world, repo, `Depends on #${pull.number}`);
        expect(await statesOf(world.tracker, ref)).toEqual([`${issueKey(pull)} ${want}`]);
      }
    });

    it("are as many as words may name, and unreadable with one more", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const names = Array.from(
        { length: BLOCKER_WORDS_MAX + 1 },
        () => `#${world.open(repo).number}`,
      );
      const within = candidate(world, repo, `Blocked by ${names.slice(1).join(", ")}`);
      const beyond = candidate(world, repo, `Blocked by ${names.join(", ")}`);
      expect(await statesOf(world.tracker, within)).toHaveLength(BLOCKER_WORDS_MAX);
      expect((await readIssue(world.tracker, beyond)).blockers.kind).toBe("unreadable");
    });

    it("of a candidate name the circle they go round in, over links and words", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const [one, other] = [world.open(repo), world.open(await world.addRepo())];
      world.addBlocker(one, other);
      world.edit(other, { body: `Blocked by ${issueKey(one)}` }, world.people.writer);
      world.label(one, ready, world.people.writer);
      const waiting = candidate(world, repo, `Depends on #${one.number}`);
      expect(await statesOf(world.tracker, one)).toEqual([circle(one, other, one)]);
      expect(await statesOf(world.tracker, waiting)).toEqual([circle(one, other, one)]);
      world.close(other, world.people.writer, "hand");
      expect(await statesOf(world.tracker, one)).toEqual([`${issueKey(other)} closed`]);
    });

    it("of a candidate that names itself are a circle of one", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const { number } = world.open(repo);
      const ref = candidate(world, repo, `Blocked by #${number + 1}`);
      expect(await statesOf(world.tracker, ref)).toEqual([circle(ref, ref)]);
    });
  });

  function candidate(world: TrackerWorld, repo: RepoRef, body: string): IssueRef {
    const ref = world.open(repo, { title: "Wait", body });
    world.label(ref, ready, world.people.writer);
    return ref;
  }

  function circle(...refs: readonly IssueRef[]): string {
    return refs.map(issueKey).join(" → ");
  }
}

/** What every reader of a tracker promises of the Apps that put labels on. */
export function describeActingApps(name: string, openWorld: OpenTracker): void {
  const app = { id: "4711", slug: "label-pal" };

  async function newestEvent(tracker: Tracker, ref: IssueRef): Promise<string> {
    return (await readIssue(tracker, ref)).history.events.at(-1)?.id ?? "";
  }

  describe(`the Apps behind labels of ${name}`, () => {
    it("are told per label event, in the order asked: none for a person's own hand", async () => {
      const world = await openWorld();
      const { tracker, people } = world;
      const repo = await world.addRepo();
      const [through, byHand] = [world.open(repo), world.open(repo)];
      world.labelThroughApp(through, ready, { by: people.writer, app });
      world.label(byHand, ready, people.writer);
      const queries = [
        { ref: byHand, eventId: await newestEvent(tracker, byHand) },
        { ref: through, eventId: await newestEvent(tracker, through) },
      ];
      expect(await tracker.readActingApps(queries)).toEqual([
        { kind: "none" },
        { kind: "app", ...app },
      ]);
      // The history says only whose name it was.
      const { history } = await readIssue(tracker, through);
      expect(actorOf(history.events.at(-1))).toEqual(people.writer);
      expect(await tracker.readActingApps([])).toEqual([]);
    });

    it("stay with their own event when the label goes and comes again by hand", async () => {
      const world = await openWorld();
      const { tracker, people } = world;
      const ref = world.open(await world.addRepo());
      world.labelThroughApp(ref, ready, { by: people.writer, app });
      const old = await newestEvent(tracker, ref);
      world.unlabel(ref, ready, people.writer);
      world.label(ref, ready, people.writer);
      const fresh = await newestEvent(tracker, ref);
      const seen = await tracker.readActingApps([fresh, old].map((eventId) => ({ ref, eventId })));
      expect(seen.map(({ kind }) => kind)).toEqual(["none", "app"]);
    });

    it("are unreadable for what is no labelling of that issue, and where nothing is seen", async () => {
      const world = await openWorld();
      const { tracker, people } = world;
      const repo = await world.addRepo();
      const [ref, other] = [world.open(repo), world.open(repo)];
      world.label(other, ready, people.writer);
      world.close(ref, people.writer, "hand");
      const eventId = await newestEvent(tracker, ref);
      const queries = [
        { ref, eventId },
        { ref, eventId: await newestEvent(tracker, other) },
        { ref: { repo, number: 99 }, eventId },
        { ref: { repo: nowhere(repo), number: 1 }, eventId },
      ];
      const seen = await tracker.readActingApps(queries);
      expect(seen.map(({ kind }) => kind)).toEqual(queries.map(() => "unreadable"));
    });
  });
}
