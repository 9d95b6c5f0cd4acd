import { describe, expect, it } from "vitest";
import { AGENT_WRITE_METHODS, TRACKER_WRITE_METHODS } from "../fakes/fake-faults.ts";
import { dryTick, type Loop, writesOf } from "./bystander.ts";
import { playMinutes } from "./play.ts";
import { STORIES } from "./stories.ts";
import { isLeaseStep, type LogLine, MINUTE, repoNamed, World } from "./world.ts";

const LOOPS: readonly Loop[] = ["poll", "watch"];

/** The effects as the fakes name them: a dry run calls them by the words of the log. */
const METHODS: Readonly<Record<string, string>> = {
  interrupt: "interruptTurn",
  archive: "archiveThread",
  unarchive: "unarchiveThread",
};

/** The fields that the world's list of effects shows, in its order. */
const NAMES = ["issue", "body", "label", "reason", "threadId", "messageId", "projectId"];

/** The first line of a text, as much of it as the world's list of effects shows. */
function firstWords(text: unknown): string {
  return String(text).split("\n", 1).join().slice(0, 60);
}

/** A line of a dry run as the world would list the effect, but for the id of a comment. */
function effectOf({ fields }: LogLine): string {
  const kind = String(fields["effect"]);
  const method = METHODS[kind] ?? kind.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  // The world names a repo by its own name alone.
  if (kind === "create-label")
    return `${method} ${String(fields["repo"]).split("/").at(-1)} ${String(fields["name"])}`;
  const names = kind === "ring" ? ["key"] : NAMES;
  const told = names.flatMap((name) => (name in fields ? [firstWords(fields[name])] : []));
  return [method, ...told].join(" ");
}

function withoutCommentId(effect: string): string {
  return effect.replace(/^(editComment \S+) \S+/, "$1");
}

function said(lines: readonly LogLine[], message: string): readonly LogLine[] {
  return lines.filter((line) => line.message === message);
}

/** Every dry tick of a story beside the real one that follows it in the same world. */
async function playBeside(story: (typeof STORIES)[number]) {
  const touched: string[] = [];
  const ticks: { dry: readonly string[]; real: readonly string[] }[] = [];
  const decisions: { dry: readonly unknown[]; real: readonly unknown[] }[] = [];
  const messages = new Set<string>();
  const played = await playMinutes(story, async (world) => {
    for (const loop of LOOPS) {
      const before = writesOf(world);
      const lines = await dryTick(world, loop);
      const after = writesOf(world);
      for (const port of Object.keys(after)) if (before[port] !== after[port]) touched.push(port);
      for (const line of lines) messages.add(line.message);
      const logged = world.timeline.length;
      let failed = 0;
      const real = await world.effectsOf(async () => {
        ({ failed } = await world[loop]());
      });
      // What a server refuses it refuses to the real tick alone.
      if (failed > 0) continue;
      const effects = real.filter((effect) => !isLeaseStep(effect)).map(withoutCommentId);
      ticks.push({ dry: said(lines, "would perform").map(effectOf), real: effects });
      const told = world.timeline
        .slice(logged)
        .flatMap((each) =>
          each.kind === "log" && each.message === "decided" ? [each.fields] : [],
        );
      decisions.push({ dry: said(lines, "decided").map(({ fields }) => fields), real: told });
    }
  });
  return { touched, ticks, decisions, messages, ending: played.ending };
}

const plays = await Promise.all(
  STORIES.map(async (story) => ({ story, play: await playBeside(story) })),
);

describe.each(plays)(
  "before every tick of the story that $story.name, a dry tick",
  ({ story, play }) => {
    it("writes nothing, and changes nothing of how the story ends", () => {
      expect(play.touched).toEqual([]);
      expect([story.ends, story.alsoEnds]).toContainEqual(play.ending);
    });

    it("prints the decisions that the tick then makes", () => {
      expect(play.decisions.map(({ dry }) => dry)).toEqual(play.decisions.map(({ real }) => real));
    });

    it("prints the effects that the tick then performs, in their order", () => {
      expect(play.ticks.map(({ dry }) => dry)).toEqual(play.ticks.map(({ real }) => real));
    });
  },
);

describe("all dry ticks together", () => {
  it("print every kind of effect there is", () => {
    const kinds = new Set(
      plays.flatMap(({ play }) =>
        play.ticks.flatMap(({ dry }) => dry.map((each) => each.split(" ", 1).join())),
      ),
    );
    const all = [...TRACKER_WRITE_METHODS, ...AGENT_WRITE_METHODS, "ring"];
    expect(all.filter((method) => !kinds.has(method))).toEqual([]);
  });

  it("never say that they perform anything", () => {
    const messages = new Set(plays.flatMap(({ play }) => [...play.messages]));
    const decisions = ["decided", "live thread of a repo that is not enrolled"];
    expect([...messages].toSorted()).toEqual([...decisions, "would perform"]);
  });
});

it("a dry tick needs no lease: it looks on while another tick holds it", async () => {
  const world = new World();
  world.readyIssue();
  world.pollLease.steal("somebody");
  const lines = await dryTick(world, "poll");
  expect(said(lines, "would perform").length).toBeGreaterThan(0);
  expect(world.pollLease.holder).toBe("somebody");
});

it("two dry ticks in one world say the same, and the second no more than the first", async () => {
  const world = new World({ repos: ["a", "b"] });
  world.readyIssue("a");
  world.readyIssue("b");
  const first = await dryTick(world, "poll");
  expect(await dryTick(world, "poll")).toEqual(first);
  expect(said(first, "would perform").map(effectOf)).toEqual([
    expect.stringMatching(/^createComment o\/a#1 <!-- afk:run=/),
    expect.stringMatching(/^createProject /),
    expect.stringMatching(/^createThread afk-/),
    expect.stringMatching(/^startTurn afk-/),
    "addLabel o/a#1 agent-in-progress",
    expect.stringMatching(/^createComment o\/b#1 <!-- afk:run=/),
    expect.stringMatching(/^createProject /),
    expect.stringMatching(/^createThread afk-/),
    expect.stringMatching(/^startTurn afk-/),
    "addLabel o/b#1 agent-in-progress",
  ]);
});

it("the text of a comment or prompt is printed up to 4000 characters", async () => {
  const world = new World();
  const begun = world.tracker.addIssue({
    repo: repoNamed("a"),
    title: "Long",
    body: "x".repeat(9000),
    by: { kind: "account", id: "1", login: "maria", isBot: false },
    labels: ["ready-for-agent"],
  });
  world.issues.push(begun);
  const lines = await dryTick(world, "poll");
  const start = lines.find(({ fields }) => fields["effect"] === "start-turn");
  expect(String(start?.fields["text"])).toHaveLength(4000);
  const comment = lines.find(({ fields }) => fields["effect"] === "create-comment");
  expect(String(comment?.fields["body"])).toMatch(/-->$/);
});

it("a live thread of a repo that is not enrolled any more is not interrupted", async () => {
  const world = new World({ repos: ["a", "b"] });
  const ref = world.readyIssue("b");
  await world.tickOn(1);
  world.startsWorking(ref);
  world.settings.repos = [repoNamed("a")];
  const before = writesOf(world);
  const lines = await dryTick(world, "watch");
  expect(writesOf(world)).toEqual(before);
  expect(said(lines, "would perform").map(effectOf)).toEqual([
    `interruptTurn ${world.threadOf(ref)}`,
  ]);
});

it("a doorbell that is down does not fail a dry tick", async () => {
  const world = new World();
  const ref = world.readyIssue();
  await world.tickOn(1);
  world.agentLands(ref);
  world.notifier("ntfy").setDown(true);
  world.advance(MINUTE);
  const lines = await dryTick(world, "watch");
  expect(lines.filter(({ level }) => level === "error")).toEqual([]);
  expect(said(lines, "would perform").map(effectOf)).toContainEqual(
    expect.stringMatching(/^ring .*verdict/),
  );
});
