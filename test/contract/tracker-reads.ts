import { describe, expect, it } from "vitest";
import { hasLabel } from "../../src/pure/approval.ts";
import {
  type Actor,
  type IssueEvent,
  type IssueRef,
  type IssueSeen,
  issueKey,
  type Permission,
  type RepoRef,
  type RepoSeen,
} from "../../src/pure/issue.ts";
import { parseIso } from "../../src/pure/time.ts";
import {
  COMMENTS_SHOWN_MAX,
  EVENTS_SHOWN_MAX,
  LABELS,
  type Tracker,
  type TrackerWorld,
} from "./tracker-world.ts";

const { ready, inProgress, human } = LABELS;
const SECOND = 1000;

/** Opens a world of its own for one test. */
export type OpenTracker = () => Promise<TrackerWorld>;

/** One issue as it is read by itself. */
export async function readIssue(tracker: Tracker, ref: IssueRef): Promise<IssueSeen> {
  const [seen] = await tracker.readIssues([ref]);
  if (seen?.kind !== "read") throw new Error(`${issueKey(ref)}: ${JSON.stringify(seen)}`);
  return seen.issue;
}

/** The events of an issue in short: `labeled ready-for-agent`. */
export async function eventsOf(tracker: Tracker, ref: IssueRef): Promise<readonly string[]> {
  const { history } = await readIssue(tracker, ref);
  return history.events.map((event) =>
    "label" in event ? `${event.kind} ${event.label}` : event.kind,
  );
}

/** One repo with its candidates. */
export async function listOne(tracker: Tracker, repo: RepoRef) {
  const [seen] = await tracker.listRepos([repo], "candidates");
  if (seen?.kind !== "readable") throw new Error(`${repo.name}: ${JSON.stringify(seen)}`);
  return seen;
}

async function listedNumbers(tracker: Tracker, repo: RepoRef): Promise<readonly number[]> {
  return (await listOne(tracker, repo)).issues.map(({ ref }) => ref.number);
}

/** Whose hand an event was. */
export function actorOf(event: IssueEvent | undefined): Actor | null {
  return event !== undefined && "actor" in event ? event.actor : null;
}

/** A repo that is not there. */
export function nowhere(repo: RepoRef): RepoRef {
  return { ...repo, name: "was-never-there" };
}

/** What every reader of a tracker promises of its lists. */
export function describeLists(name: string, openWorld: OpenTracker): void {
  describe(`the lists of ${name}`, () => {
    it("hold the open issues with the ready label and any issue with the in-progress label", async () => {
      const world = await openWorld();
      const { tracker, people } = world;
      const repo = await world.addRepo();
      const make = (labels: readonly string[], state: "open" | "closed" = "open") => {
        const ref = world.open(repo);
        for (const label of labels) world.label(ref, label, people.writer);
        if (state === "closed") world.close(ref, people.writer, "hand");
        return ref;
      };
      make([]);
      const open = make([ready]);
      make([ready], "closed");
      const running = make([inProgress]);
      const closedRunning = make([inProgress], "closed");
      const both = make([ready, inProgress]);
      make([human]);
      make([`${ready}-not`]);
      const taken = make([ready]);
      world.unlabel(taken, ready, people.writer);
      const wanted = [open, running, closedRunning, both].map(({ number }) => number);
      expect(await listedNumbers(tracker, repo)).toEqual(wanted);
      const { issues } = await listOne(tracker, repo);
      expect(issues.map(({ state }) => state)).toEqual(["open", "open", "closed", "open"]);
      expect(issues.map(({ isPullRequest }) => isPullRequest)).toEqual([
        false,
        false,
        false,
        false,
      ]);
    });

    it("hold for runs only what has the in-progress label, and nobody's permission", async () => {
      const world = await openWorld();
      const { tracker, people } = world;
      const repo = await world.addRepo();
      const refs = [[ready], [ready, inProgress], [inProgress], []].map((labels) => {
        const ref = world.open(repo);
        for (const label of labels) world.label(ref, label, people.writer);
        return ref;
      });
      const [, both, closed] = refs;
      if (both === undefined || closed === undefined) throw new Error("no issue");
      world.close(closed, people.writer, "hand");
      const [seen] = await tracker.listRepos([repo, repo], "runs");
      expect(seen).toMatchObject({ issues: [{ ref: both }, { ref: closed, state: "closed" }] });
      expect(seen?.kind === "readable" && seen.permissions.size).toBe(0);
      expect((await listOne(tracker, repo)).permissions.size).toBe(1);
    });

    it("name the labels that the repo lacks until they are made, in any case", async () => {
      const world = await openWorld();
      const { tracker } = world;
      const repo = await world.addRepo();
      const missing = async () =>
        (await tracker.listRepos([repo], "runs")).map(
          (seen) => seen.kind === "readable" && seen.facts.labelsMissing,
        );
      expect(await missing()).toEqual([[inProgress, human]]);
      const look = { color: "ededed", description: "A run is on its way." };
      await tracker.createLabel(repo, { name: inProgress, ...look });
      expect(await missing()).toEqual([[human]]);
      // A label is there whether or not any issue carries it, under whichever spelling came first.
      const ref = world.open(repo);
      world.label(ref, human.toUpperCase(), world.people.writer);
      world.unlabel(ref, human, world.people.writer);
      expect(await missing()).toEqual([[]]);
    });

    it("are by number, whichever label an issue has and whenever it came", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const refs = [world.open(repo), world.open(repo), world.open(repo)];
      for (const [at, label] of [ready, inProgress, ready].entries()) {
        const ref = refs.toReversed()[at];
        if (ref !== undefined) world.label(ref, label, world.people.writer);
      }
      expect(await listedNumbers(world.tracker, repo)).toEqual([1, 2, 3]);
    });

    it("show an issue exactly as it is read by itself", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const ref = world.open(repo, { title: "Grüße 👋", body: "Line\n\n<!-- hidden -->" });
      world.label(ref, ready, world.people.writer);
      world.addBlocker(ref, world.open(repo));
      await world.tracker.createComment(ref, "words");
      const [listed] = (await listOne(world.tracker, repo)).issues;
      expect(listed).toEqual(await readIssue(world.tracker, ref));
      expect(listed).toMatchObject({
        ref,
        title: "Grüße 👋",
        body: "Line\n\n<!-- hidden -->",
        labels: [ready],
        bodyEditedAt: null,
      });
      expect(parseIso(listed?.createdAt ?? "")).not.toBeNull();
      expect(listed?.url).toMatch(new RegExp(`/acme/${repo.name}/issues/${ref.number}$`));
    });

    it("hold all of more issues than one page shows", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const refs = Array.from({ length: 53 }, () => world.open(repo));
      for (const ref of refs) world.label(ref, ready, world.people.writer);
      const numbers = refs.map(({ number }) => number);
      expect(await listedNumbers(world.tracker, repo)).toEqual(numbers);
    });

    it("carry the facts of the repo, its head as it was pushed last", async () => {
      const world = await openWorld();
      const repo = await world.addRepo({ defaultBranch: "trunk" });
      const headSha = await world.push(repo, "More");
      const { facts, issues, permissions } = await listOne(world.tracker, repo);
      const { id, cloneUrl, webUrl } = facts;
      const labelsMissing = [inProgress, human];
      expect(facts).toEqual({
        ref: repo,
        id,
        defaultBranch: "trunk",
        headSha,
        cloneUrl,
        webUrl,
        labelsMissing,
      });
      expect(id).toMatch(/^\d+$/);
      expect(cloneUrl).toBe(`${webUrl}.git`);
      expect(webUrl).toMatch(new RegExp(`/acme/${repo.name}$`));
      expect([issues, permissions]).toEqual([[], new Map()]);
    });

    it("answer the repos in the order asked, and say of one that is hidden or gone why", async () => {
      const world = await openWorld();
      const [first, second] = [await world.addRepo(), await world.addRepo()];
      const hidden = await world.addHiddenRepo();
      const gone = nowhere(first);
      const seen = await world.tracker.listRepos([hidden, second, gone, first], "candidates");
      expect(seen.map(describeRepo)).toEqual([
        `unreadable ${hidden.name}`,
        `readable ${second.name}`,
        `unreadable ${gone.name}`,
        `readable ${first.name}`,
      ]);
      expect(seen.filter((repo) => repo.kind === "unreadable" && repo.why === "")).toEqual([]);
      expect(await world.tracker.listRepos([], "candidates")).toEqual([]);
    });

    it("know a repo by its name in any case, and call it as it was asked for", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const ref = world.open(repo);
      world.label(ref, ready, world.people.writer);
      const shouted: RepoRef = { ...repo, owner: "ACME", name: repo.name.toUpperCase() };
      const { facts, issues } = await listOne(world.tracker, shouted);
      expect([facts.ref, issues.map((issue) => issue.ref)]).toEqual([
        shouted,
        [{ repo: shouted, number: ref.number }],
      ]);
      expect(facts.id).toBe((await listOne(world.tracker, repo)).facts.id);
    });

    it("know a label by its name in any case, and who set it", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const { writer } = world.people;
      // The first spelling is the repo's: every later one means that label.
      world.label(world.open(repo), "Ready-For-Agent", writer);
      const ref = world.open(repo);
      await world.tracker.addLabel(ref, ready);
      world.unlabel(ref, "READY-FOR-AGENT", writer);
      world.label(ref, ready, writer);
      const { issues, permissions } = await listOne(world.tracker, repo);
      expect(issues.map((issue) => [issue.labels, hasLabel(issue, ready)])).toEqual([
        [["Ready-For-Agent"], true],
        [["Ready-For-Agent"], true],
      ]);
      expect(permissions).toEqual(new Map([[writer.id, "write"]]));
      await world.tracker.removeLabel(ref, ready);
      expect(await listedNumbers(world.tracker, repo)).toEqual([1]);
    });
  });
}

function describeRepo(repo: RepoSeen): string {
  const { name } = repo.kind === "readable" ? repo.facts.ref : repo.ref;
  return `${repo.kind} ${name}`;
}

/** What every reader of a tracker promises of who made an issue ready. */
export function describePermissions(name: string, openWorld: OpenTracker): void {
  const wanted: ReadonlyArray<readonly [keyof TrackerWorld["people"], Permission]> = [
    ["admin", "admin"],
    ["writer", "write"],
    ["reader", "read"],
    // On a public repo everybody reads; that makes nobody a collaborator.
    ["stranger", "none"],
    // A bot is no collaborator, whatever it may do: only its id on a list can make it trusted.
    ["bot", "none"],
  ];

  describe(`the permissions of ${name}`, () => {
    it("are those of whoever set the ready label last, by account id", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      for (const [who, permission] of wanted) {
        const { [who]: labeler, admin, writer } = world.people;
        const ref = world.open(repo);
        const before = who === "admin" ? writer : admin;
        world.label(ref, ready, before);
        world.unlabel(ref, ready, before);
        world.label(ref, ready, labeler);
        world.label(ref, human, before);
        const [alone] = await world.tracker.readIssues([ref]);
        expect(alone).toMatchObject({ permissions: new Map([[labeler.id, permission]]) });
      }
      const { permissions } = await listOne(world.tracker, repo);
      const all = wanted.map(([who, permission]) => [world.people[who].id, permission] as const);
      expect(permissions).toEqual(new Map(all));
    });

    it("are still told when the label is off again, and of nobody when nobody is named", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const ref = world.open(repo);
      world.label(ref, ready, world.people.writer);
      world.unlabel(ref, ready, world.people.writer);
      const deserted = world.open(repo);
      world.labelByNobody(deserted, ready);
      const [taken] = await world.tracker.readIssues([ref]);
      const [byNobody] = await world.tracker.readIssues([deserted]);
      expect(taken).toMatchObject({ permissions: new Map([[world.people.writer.id, "write"]]) });
      expect(byNobody).toMatchObject({ permissions: new Map() });
    });
  });
}

/** What every reader of a tracker promises of one issue's past. */
export function describeHistory(name: string, openWorld: OpenTracker): void {
  describe(`the history of ${name}`, () => {
    it("tells people, bots, agents' marks and the nameless apart", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      const { writer, stranger, bot } = world.people;
      world.label(ref, "a", writer);
      world.label(ref, "b", bot);
      world.labelByIntent(ref, "c", writer);
      world.labelByNobody(ref, "d");
      world.unlabel(ref, "a", stranger);
      await world.tracker.addLabel(ref, "e");
      const own = await world.tracker.whoAmI();
      const { history } = await readIssue(world.tracker, ref);
      expect(history.kind).toBe("complete");
      expect(history.events.map(actorOf)).toEqual([
        writer,
        bot,
        writer,
        { kind: "unknown" },
        stranger,
        { kind: "account", ...own, isBot: false },
      ]);
      const isByIntent = history.events.map((event) => "isByIntent" in event && event.isByIntent);
      expect(isByIntent).toEqual([false, false, true, false, false, false]);
    });

    it("is oldest first, under ids that stay, even within one second", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      const { writer } = world.people;
      world.label(ref, ready, writer);
      world.unlabel(ref, ready, writer);
      world.label(ref, ready, writer);
      world.close(ref, writer, "hand");
      world.advance(90 * SECOND);
      world.reopen(ref, writer);
      const { history } = await readIssue(world.tracker, ref);
      expect(await eventsOf(world.tracker, ref)).toEqual([
        `labeled ${ready}`,
        `unlabeled ${ready}`,
        `labeled ${ready}`,
        "closed",
        "reopened",
      ]);
      const times = history.events.map(({ at }) => parseIso(at) ?? Number.NaN);
      const [first = Number.NaN] = times;
      expect(times.map((time) => time - first)).toEqual([0, 0, 0, 0, 90 * SECOND]);
      const ids = history.events.map(({ id }) => id);
      expect(new Set(ids).size).toBe(5);
      world.label(ref, human, writer);
      const later = (await readIssue(world.tracker, ref)).history.events;
      expect(later.slice(0, 5)).toEqual(history.events);
      expect(ids).not.toContain(later[5]?.id);
    });

    it("gets nothing from what changes nothing", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo(), { title: "First", body: "Text" });
      const { writer, admin } = world.people;
      world.label(ref, ready, writer);
      world.label(ref, ready, admin);
      world.label(ref, ready.toUpperCase(), admin);
      world.unlabel(ref, "absent", writer);
      world.reopen(ref, writer);
      world.edit(ref, { title: "First", body: "Text" }, writer);
      expect(await eventsOf(world.tracker, ref)).toEqual([`labeled ${ready}`]);
      expect(await readIssue(world.tracker, ref)).toMatchObject({ bodyEditedAt: null });
    });

    it("tells a rename by an event, and an edited body only by the time of its newest edit", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      const { createdAt } = await readIssue(world.tracker, ref);
      world.advance(10 * SECOND);
      world.edit(ref, { title: "Another" }, world.people.stranger);
      expect((await readIssue(world.tracker, ref)).bodyEditedAt).toBeNull();
      world.edit(ref, { body: "Else." }, world.people.writer);
      world.advance(10 * SECOND);
      world.edit(ref, { body: "Else again." }, world.people.writer);
      const issue = await readIssue(world.tracker, ref);
      expect(issue).toMatchObject({ title: "Another", body: "Else again.", createdAt });
      expect(issue.history.events).toMatchObject([
        { kind: "renamed", actor: world.people.stranger },
      ]);
      const editedAt = parseIso(issue.bodyEditedAt ?? "") ?? Number.NaN;
      expect(editedAt - (parseIso(createdAt) ?? Number.NaN)).toBe(20 * SECOND);
    });

    it("tells what closed an issue: a hand, a commit's keyword, a pull request", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const { admin, writer } = world.people;
      const [byHand, byPull, byCommit, named] = [
        world.open(repo),
        world.open(repo),
        world.open(repo),
        world.open(repo),
      ];
      world.close(byHand, admin, "hand");
      world.close(byPull, writer, "pull-request");
      const keyword = `Fixes #${byCommit.number}\n\nRefs ${issueKey(named)} and #${named.number}`;
      await world.push(repo, keyword, admin);
      const closers = [];
      for (const ref of [byHand, byPull, byCommit]) {
        const { state, history } = await readIssue(world.tracker, ref);
        closers.push([state, history.events]);
      }
      expect(closers).toMatchObject([
        ["closed", [{ kind: "closed", actor: admin, closer: "hand" }]],
        ["closed", [{ kind: "closed", actor: writer, closer: "pull-request" }]],
        ["closed", [{ kind: "closed", actor: admin, closer: "commit" }]],
      ]);
      expect((await readIssue(world.tracker, named)).state).toBe("open");
    });

    it("tells that an issue came from elsewhere", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      world.label(ref, ready, world.people.writer);
      await world.transferIn(ref);
      expect(await eventsOf(world.tracker, ref)).toEqual([`labeled ${ready}`, "transferred"]);
    });

    it(`is whole with ${EVENTS_SHOWN_MAX} events, and the newest ${EVENTS_SHOWN_MAX} of one more`, async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      world.label(ref, "first", world.people.writer);
      for (let more = 1; more < EVENTS_SHOWN_MAX; more += 1) {
        world.label(ref, `label-${more}`, world.people.writer);
      }
      const whole = (await readIssue(world.tracker, ref)).history;
      expect([whole.kind, whole.events.length]).toEqual(["complete", EVENTS_SHOWN_MAX]);
      world.close(ref, world.people.writer, "hand");
      const { kind, events } = (await readIssue(world.tracker, ref)).history;
      expect([kind, events.length, events.at(-1)?.kind]).toEqual([
        "truncated",
        EVENTS_SHOWN_MAX,
        "closed",
      ]);
      expect(events[0]).toEqual(whole.events[1]);
    });
  });
}

/** What every reader of a tracker promises of issues read one by one, and of our own comments on them. */
export function describeReading(name: string, openWorld: OpenTracker): void {
  describe(`an issue of ${name}, read alone,`, () => {
    it("is read whatever its labels and state, in the order asked, and absent when it is not there", async () => {
      const world = await openWorld();
      const repo = await world.addRepo();
      const hidden = await world.addHiddenRepo();
      const refs = Array.from({ length: 22 }, () => world.open(repo));
      const [first] = refs;
      if (first === undefined) throw new Error("no issue");
      world.close(first, world.people.writer, "hand");
      const asked = [
        ...refs.toReversed(),
        { repo, number: 99 },
        { repo: hidden, number: 1 },
        { repo: nowhere(repo), number: 1 },
        first,
      ];
      const seen = await world.tracker.readIssues(asked);
      expect(
        seen.map((each) => (each.kind === "read" ? each.issue.ref.number : each.kind)),
      ).toEqual([
        ...refs.toReversed().map(({ number }) => number),
        "absent",
        "unreadable",
        "unreadable",
        1,
      ]);
      expect(seen.at(-1)).toMatchObject({ issue: { state: "closed", labels: [] } });
      expect(await world.tracker.readIssues([])).toEqual([]);
    });

    it("is as fresh as the last write", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      await readIssue(world.tracker, ref);
      await world.tracker.addLabel(ref, inProgress);
      expect((await readIssue(world.tracker, ref)).labels).toEqual([inProgress]);
      await world.tracker.closeIssue(ref, "completed");
      expect((await readIssue(world.tracker, ref)).state).toBe("closed");
    });
  });

  describe(`the comments of ${name}`, () => {
    const MARKER = "<!-- afk:run=0123456789ab -->";

    it("are our own only, oldest first, although strangers copy their markers", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      world.comment(ref, MARKER, world.people.stranger);
      const first = await world.tracker.createComment(ref, `${MARKER}\none ✅ <b> & 'x'`);
      world.comment(ref, MARKER, world.people.bot);
      const second = await world.tracker.createComment(ref, `${MARKER}\ntwo`);
      expect((await readIssue(world.tracker, ref)).ownComments).toEqual({
        kind: "complete",
        comments: [
          { id: first, body: `${MARKER}\none ✅ <b> & 'x'` },
          { id: second, body: `${MARKER}\ntwo` },
        ],
      });
    });

    it("are edited in place by the ids they are read with, and gone when a person deletes them", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      for (const body of ["one", "two"]) await world.tracker.createComment(ref, body);
      const [first] = (await readIssue(world.tracker, ref)).ownComments.comments;
      await world.tracker.editComment(ref, first?.id ?? "", "changed");
      const bodies = async () =>
        (await readIssue(world.tracker, ref)).ownComments.comments.map(({ body }) => body);
      expect(await bodies()).toEqual(["changed", "two"]);
      world.deleteComment(ref, first?.id ?? "");
      expect(await bodies()).toEqual(["two"]);
      await expect(world.tracker.editComment(ref, first?.id ?? "", "again")).rejects.toBeInstanceOf(
        Error,
      );
      expect(await bodies()).toEqual(["two"]);
    });

    it("are told as tampered with when anybody else edits them last, although they name us", async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      const [forged, mended] = [
        await world.tracker.createComment(ref, "record"),
        await world.tracker.createComment(ref, "notice"),
      ];
      world.editComment(ref, forged, { body: "forged", by: world.people.writer });
      const seen = async () => (await readIssue(world.tracker, ref)).ownComments;
      const notice = { id: mended, body: "notice" };
      const bad = { id: forged, body: "forged", isTampered: true };
      expect(await seen()).toEqual({ kind: "complete", comments: [bad, notice] });
      world.editComment(ref, mended, { body: "forged too", by: world.people.bot });
      const worse = { id: mended, body: "forged too", isTampered: true };
      expect(await seen()).toEqual({ kind: "complete", comments: [bad, worse] });
      await world.tracker.editComment(ref, mended, "notice");
      expect(await seen()).toEqual({ kind: "complete", comments: [bad, notice] });
    });

    it(`are found among ${COMMENTS_SHOWN_MAX} of all, and past that said to be missing`, async () => {
      const world = await openWorld();
      const ref = world.open(await world.addRepo());
      const id = await world.tracker.createComment(ref, "record");
      for (let more = 1; more < COMMENTS_SHOWN_MAX; more += 1) {
        world.comment(ref, "noise", world.people.stranger);
      }
      const record = { id, body: "record" };
      const seen = async () => (await readIssue(world.tracker, ref)).ownComments;
      expect(await seen()).toEqual({ kind: "complete", comments: [record] });
      world.comment(ref, "noise", world.people.stranger);
      expect(await seen()).toEqual({ kind: "truncated", comments: [] });
    });
  });
}
