import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { IssueRef } from "../../src/pure/issue.ts";
import { eventsOf, type OpenTracker, readIssue } from "./tracker-reads.ts";
import { BAD_TOKEN, LABELS, type Tracker } from "./tracker-world.ts";

const { ready, inProgress } = LABELS;

/** Longer comments are refused before they are sent: GitHub's own limit is near, and counts in its own way. */
const COMMENT_CHARS_MAX = 60_000;

const LOOK = { name: inProgress, color: "1d76db", description: "An agent works on this issue." };

type Write = readonly [name: string, write: (tracker: Tracker, ref: IssueRef) => Promise<unknown>];

const WRITES: readonly Write[] = [
  ["createComment", (tracker, ref) => tracker.createComment(ref, "words")],
  ["addLabel", (tracker, ref) => tracker.addLabel(ref, inProgress)],
  ["removeLabel", (tracker, ref) => tracker.removeLabel(ref, ready)],
  ["createLabel", (tracker, ref) => tracker.createLabel(ref.repo, LOOK)],
  ["closeIssue", (tracker, ref) => tracker.closeIssue(ref, "completed")],
  ["reopenIssue", (tracker, ref) => tracker.reopenIssue(ref)],
];

async function outcomeOf(write: Promise<unknown>): Promise<string> {
  return write.then(
    () => "done",
    (error: unknown) => (error instanceof Error ? "an error" : String(error)),
  );
}

function leaving<T extends object, K extends keyof T>(of: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = of;
  return rest;
}

/** What every writer of a tracker promises. */
export function describeWrites(name: string, openWorld: OpenTracker): void {
  async function openIssue() {
    const world = await openWorld();
    const ref = world.open(await world.addRepo());
    world.label(ref, ready, world.people.writer);
    return { world, ref, tracker: world.tracker };
  }

  describe(`the writes of ${name}`, () => {
    it("are told as our own account's in the history, and as a hand", async () => {
      const { ref, tracker } = await openIssue();
      const own = await tracker.whoAmI();
      await tracker.closeIssue(ref, "not-planned");
      await tracker.reopenIssue(ref);
      const { history } = await readIssue(tracker, ref);
      expect(history.events.slice(1)).toMatchObject([
        { kind: "closed", closer: "hand", actor: own },
        { kind: "reopened", actor: own },
      ]);
    });

    it("change nothing more when they are repeated", async () => {
      const { ref, tracker } = await openIssue();
      const twice = async (write: () => Promise<void>) => {
        await write();
        await write();
      };
      await twice(() => tracker.addLabel(ref, inProgress));
      await twice(() => tracker.removeLabel(ref, inProgress));
      await twice(() => tracker.closeIssue(ref, "completed"));
      await twice(() => tracker.closeIssue(ref, "not-planned"));
      await twice(() => tracker.reopenIssue(ref));
      const id = await tracker.createComment(ref, "one");
      await twice(() => tracker.editComment(ref, id, "two"));
      expect(await eventsOf(tracker, ref)).toEqual([
        `labeled ${ready}`,
        `labeled ${inProgress}`,
        `unlabeled ${inProgress}`,
        "closed",
        "reopened",
      ]);
      const { state, labels, ownComments } = await readIssue(tracker, ref);
      expect([state, labels, ownComments.comments]).toEqual([
        "open",
        [ready],
        [{ id, body: "two" }],
      ]);
    });

    it("put on a label that the repo never had, and take off one that is not there", async () => {
      const { ref, tracker } = await openIssue();
      await tracker.addLabel(ref, "brand-new: 100%/ü");
      await tracker.removeLabel(ref, "unheard-of");
      await tracker.removeLabel(ref, inProgress);
      expect((await readIssue(tracker, ref)).labels).toEqual([ready, "brand-new: 100%/ü"]);
      await tracker.removeLabel(ref, "brand-new: 100%/ü");
      expect((await readIssue(tracker, ref)).labels).toEqual([ready]);
    });

    it("work on a closed issue too", async () => {
      const { world, ref, tracker } = await openIssue();
      world.close(ref, world.people.writer, "hand");
      await tracker.addLabel(ref, inProgress);
      await tracker.createComment(ref, "words");
      expect(await readIssue(tracker, ref)).toMatchObject({
        state: "closed",
        labels: [ready, inProgress],
        ownComments: { comments: [{ body: "words" }] },
      });
    });

    it("are one request each", async () => {
      const { world, ref, tracker } = await openIssue();
      for (const [, write] of WRITES) {
        const before = world.writes();
        await write(tracker, ref);
        expect(world.writes() - before).toBe(1);
      }
    });

    it("throw for an issue that is not there, or not to be seen", async () => {
      const { world, ref, tracker } = await openIssue();
      const hidden = { repo: await world.addHiddenRepo(), number: 1 };
      for (const [name, write] of WRITES) {
        const isOfIssue = name !== "createLabel";
        for (const nowhere of isOfIssue ? [{ ...ref, number: 99 }, hidden] : [hidden]) {
          expect([name, await outcomeOf(write(tracker, nowhere))]).toEqual([name, "an error"]);
        }
      }
    });

    it("throw once, without effect and without a second try, when they are refused", async () => {
      const { world, ref, tracker } = await openIssue();
      const before = await readIssue(tracker, ref);
      for (const [name, write] of WRITES) {
        const writes = world.writes();
        const outcome = await outcomeOf(write(world.breaking("without-effect"), ref));
        expect([name, outcome, world.writes() - writes]).toEqual([name, "an error", 1]);
      }
      expect(await readIssue(tracker, ref)).toEqual(before);
    });

    it("throw when the answer is lost, and may be repeated then", async () => {
      const { world, ref, tracker } = await openIssue();
      for (const [name, write] of WRITES.slice(1)) {
        const outcome = await outcomeOf(write(world.breaking("with-effect"), ref));
        expect([name, outcome]).toEqual([name, "an error"]);
        const after = await readIssue(tracker, ref);
        await write(tracker, ref);
        expect(await readIssue(tracker, ref)).toEqual(after);
      }
      expect(await eventsOf(tracker, ref)).toEqual([
        `labeled ${ready}`,
        `labeled ${inProgress}`,
        `unlabeled ${ready}`,
        "closed",
        "reopened",
      ]);
    });

    it("throw once, saying that it has moved, and are not followed to where", async () => {
      const { world, ref, tracker } = await openIssue();
      const before = await readIssue(tracker, ref);
      for (const [name, write] of WRITES) {
        const writes = world.writes();
        const told = await write(world.breaking("moved"), ref).then(
          () => "done",
          (error: unknown) => String(error),
        );
        expect([name, told, world.writes() - writes]).toEqual([
          name,
          expect.stringContaining("moved"),
          1,
        ]);
      }
      const id = await tracker.createComment(ref, "words");
      await expect(world.breaking("moved").editComment(ref, id, "changed")).rejects.toThrow(
        /moved/,
      );
      const { ownComments, ...after } = await readIssue(tracker, ref);
      expect(after).toEqual(leaving(before, "ownComments"));
      expect(ownComments.comments).toEqual([{ id, body: "words" }]);
    });

    it("create a label with its look once, and leave it as it is when it is there in any case", async () => {
      const { world, ref, tracker } = await openIssue();
      world.forgetLabels(ref.repo, [inProgress]);
      await tracker.createLabel(ref.repo, LOOK);
      await tracker.createLabel(ref.repo, { ...LOOK, color: "000000" });
      await tracker.createLabel(ref.repo, { ...LOOK, name: inProgress.toUpperCase() });
      await tracker.addLabel(ref, inProgress.toUpperCase());
      expect((await readIssue(tracker, ref)).labels).toEqual([ready, inProgress]);
    });

    it("take a run from its first comment to its end, read back after every step", async () => {
      const { world, ref, tracker } = await openIssue();
      const seen = async () => {
        const { state, labels, ownComments } = await readIssue(tracker, ref);
        return [state, labels, ownComments.comments.map(({ body }) => body)];
      };
      const id = await tracker.createComment(ref, "progress");
      await tracker.createLabel(ref.repo, LOOK);
      await tracker.addLabel(ref, inProgress);
      await tracker.editComment(ref, id, "progress, verdict");
      expect(await seen()).toEqual(["open", [ready, inProgress], ["progress, verdict"]]);
      // The answer to the notice is lost: whoever looks before posting it again finds it.
      await world
        .breaking("with-effect")
        .createComment(ref, "notice")
        .catch(() => {});
      await tracker.closeIssue(ref, "completed");
      await tracker.addLabel(ref, LABELS.human);
      await tracker.removeLabel(ref, ready);
      await tracker.removeLabel(ref, inProgress);
      const end = ["closed", [LABELS.human], ["progress, verdict", "notice"]];
      expect(await seen()).toEqual(end);
      // Another tick that read before all this does it once more.
      await tracker.closeIssue(ref, "completed");
      await tracker.addLabel(ref, LABELS.human);
      await tracker.removeLabel(ref, ready);
      await tracker.removeLabel(ref, inProgress);
      expect(await seen()).toEqual(end);
    });

    it("createComment throws when its answer is lost, and the comment is there to be found", async () => {
      const { world, ref, tracker } = await openIssue();
      await expect(
        world.breaking("with-effect").createComment(ref, "words"),
      ).rejects.toBeInstanceOf(Error);
      const { ownComments } = await readIssue(tracker, ref);
      expect(ownComments.comments).toMatchObject([{ body: "words" }]);
    });

    it("throw for a comment that was never there, is too long or says nothing", async () => {
      const { ref, tracker } = await openIssue();
      await expect(tracker.editComment(ref, "4711", "words")).rejects.toBeInstanceOf(Error);
      const id = await tracker.createComment(ref, "x".repeat(COMMENT_CHARS_MAX));
      const unfit = ["x".repeat(COMMENT_CHARS_MAX + 1), "", " \n"];
      for (const body of unfit) {
        await expect(tracker.createComment(ref, body)).rejects.toBeInstanceOf(Error);
        await expect(tracker.editComment(ref, id, body)).rejects.toBeInstanceOf(Error);
      }
      const { comments } = (await readIssue(tracker, ref)).ownComments;
      expect(comments.map(({ body }) => body.length)).toEqual([COMMENT_CHARS_MAX]);
    });
  });

  describe(`the account of ${name}`, () => {
    it("has an id in decimal and a login, the same at every asking", async () => {
      const { tracker } = await openWorld();
      const own = await tracker.whoAmI();
      expect(own).toEqual({ id: expect.stringMatching(/^\d+$/), login: expect.any(String) });
      expect(await tracker.whoAmI()).toEqual(own);
    });

    it("is refused with a bad token, which no error tells", async () => {
      const { world, ref } = await openIssue();
      const tracker = world.withBadToken();
      const { repo } = ref;
      const asked = [tracker.whoAmI(), ...WRITES.map(([, write]) => write(tracker, ref))];
      const answers = await Promise.allSettled(asked);
      expect(answers.map(({ status }) => status)).toEqual(
        Array(1 + WRITES.length).fill("rejected"),
      );
      const reads = [
        ...(await tracker.listRepos([repo], "candidates")),
        ...(await tracker.readIssues([ref])),
        ...(await tracker.readBranches([{ repo, baseSha: null }])),
      ];
      expect(reads.map(({ kind }) => kind)).toEqual(Array(3).fill("unreadable"));
      expect(inspect([answers, reads], { depth: null })).not.toContain(BAD_TOKEN);
    });
  });
}
