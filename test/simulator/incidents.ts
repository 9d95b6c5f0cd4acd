import { parseMessageId } from "../../src/pure/identity.ts";
import type { IssueRef } from "../../src/pure/issue.ts";
import { HOUR, LABELS, MARIA, MINUTE, World } from "../loops/world.ts";

/** What went wrong once in a system of this kind, replayed by name; answers what is wrong today. */
export type Incident = {
  readonly name: string;
  /** The law that it broke. */
  readonly law: string;
  readonly replay: () => Promise<readonly string[]>;
};

/** Ticks that nobody expects to do anything. */
const TICKS_FOR_EVER = 10;
const TICKS_UNCHANGED = 200;

export const INCIDENTS: readonly Incident[] = [
  {
    name: "an escalated issue is dispatched again in every tick",
    law: "law 3",
    replay: async () => {
      const { world, ref } = await working();
      world.agentSays(ref, "I looked.\n\nAFK-Outcome: blocked the key is missing");
      // Whoever takes the ready label off fails: only the used approval stands between it and another run.
      refuse(world, "removeLabel", LABELS.ready);
      await ticks(world, TICKS_FOR_EVER);
      return expectThat([
        [world.verdict(ref) === "needs-human blocked", `verdict ${world.verdict(ref)}`],
        [world.turnsAsked(ref).length === 1, `asked for ${world.turnsAsked(ref).join()}`],
      ]);
    },
  },
  {
    name: "writing the lock label fails for ever",
    law: "law 5",
    replay: async () => {
      const world = new World();
      const ref = world.readyIssue();
      refuse(world, "addLabel", LABELS.inProgress);
      await ticks(world, TICKS_FOR_EVER);
      world.advance(HOUR);
      await ticks(world, TICKS_FOR_EVER);
      return expectThat([
        [world.turnsAsked(ref).length === 1, `asked for ${world.turnsAsked(ref).join()}`],
        [world.progressComments(ref).length === 1, "several progress comments"],
      ]);
    },
  },
  {
    name: "the agent server accepts a turn and its answer never arrives",
    law: "law 5",
    replay: async () => {
      const world = new World();
      const ref = world.readyIssue();
      const life = world.life([{ kind: "fail-after", effect: 4 }]);
      await world.poll(life);
      await ticks(world, 3);
      world.agentLands(ref);
      await ticks(world, 2);
      const begun = world.agent.turnStarts.filter(({ effect }) => effect === "starts");
      return expectThat([
        [life.plan.effects[3]?.startsWith("startTurn") === true, "the fourth effect is another"],
        [begun.length === 1, `${begun.length} turns began`],
        [world.verdict(ref) === "done green", `verdict ${world.verdict(ref)}`],
      ]);
    },
  },
  {
    name: "CI is red for an hour while the turn is still live",
    law: "law 8",
    replay: async () => {
      const { world, ref } = await working();
      world.agentPushes(ref, { ci: "red" });
      for (let minute = 0; minute < 60; minute += 1) await ticks(world, 1);
      const during = world.turnsAsked(ref).join();
      world.agentSays(ref, `AFK-Outcome: pushed ${"0".repeat(40)}`);
      await ticks(world, 2);
      return expectThat([
        [during === "first/0", `asked meanwhile for ${during}`],
        [
          world.turnsAsked(ref).includes("corrective/0"),
          `asked for ${world.turnsAsked(ref).join()}`,
        ],
      ]);
    },
  },
  {
    name: "a corrective turn ends without a commit",
    law: "law 8",
    replay: async () => {
      const { world, ref } = await working();
      world.agentLands(ref, { ci: "red" });
      await ticks(world, 1);
      world.agentSays(ref, "I could not mend it.");
      await ticks(world, TICKS_FOR_EVER);
      return expectThat([
        [world.verdict(ref) === "frozen no-new-commit", `verdict ${world.verdict(ref)}`],
        [asked(world, ref, "corrective") === 1, `asked for ${world.turnsAsked(ref).join()}`],
      ]);
    },
  },
  {
    name: "CI is red for the first time at minute 61",
    law: "law 8",
    replay: async () => {
      const { world, ref } = await working();
      const sha = world.agentLands(ref, { ci: "pending" });
      for (let minute = 0; minute < 61; minute += 1) await ticks(world, 1);
      world.ciSays(sha, "red");
      await ticks(world, 1);
      const first = asked(world, ref, "corrective");
      world.startsWorking(ref);
      // The hour of fixing forward runs from that red on, not from the dispatch.
      world.agentLands(ref, { ci: "red" });
      await ticks(world, 1);
      return expectThat([
        [first === 1, `asked at first for ${first} corrective turns`],
        [asked(world, ref, "corrective") === 2, `asked for ${world.turnsAsked(ref).join()}`],
      ]);
    },
  },
  {
    name: "the second run of an issue begins with the first one's commit as its own",
    law: "law 7",
    replay: async () => {
      const { world, ref } = await working();
      world.agentLands(ref, { ci: "red" });
      await ticks(world, 1);
      world.agentSays(ref, "I could not mend it.");
      await ticks(world, 3);
      world.ciSays(world.tracker.push(ref.repo, { message: "Mend it", by: MARIA }), "green");
      world.approveAgain(ref);
      await ticks(world, 1);
      world.startsWorking(ref);
      world.agentSays(ref, "I found it done.\n\nAFK-Outcome: pushed here");
      await ticks(world, 1);
      const record = world.record(ref);
      return expectThat([
        [world.records(ref).length === 2, `${world.records(ref).length} runs`],
        [record.commits.length === 0, "the second run counts a commit of the first"],
        [record.verdict?.kind !== "done", `verdict ${world.verdict(ref)}`],
      ]);
    },
  },
  {
    name: "a keyword in a commit closes the issue before CI has spoken",
    law: "law 7",
    replay: async () => {
      const { world, ref } = await working();
      const sha = world.agentLands(ref, { ci: "pending", refs: "Closes" });
      await ticks(world, 3);
      const before = `${world.state(ref)} ${world.verdict(ref)}`;
      world.ciSays(sha, "red");
      await ticks(world, 1);
      world.agentSays(ref, "I could not mend it.");
      await ticks(world, 3);
      return expectThat([
        [before === "closed null", `before CI: ${before}`],
        [world.verdict(ref) === "frozen no-new-commit", `verdict ${world.verdict(ref)}`],
        [world.state(ref) === "open", "still closed"],
      ]);
    },
  },
  {
    name: "a forced push takes the run's commit off the branch",
    law: "law 7",
    replay: async () => {
      const { world, ref } = await working();
      const before = world.record(ref).baseSha ?? "";
      world.agentLands(ref, { ci: "pending" });
      await ticks(world, 2);
      world.tracker.forcePush(ref.repo, before);
      await ticks(world, 2);
      return expectThat([
        [world.verdict(ref) === "needs-human commit-vanished", `verdict ${world.verdict(ref)}`],
      ]);
    },
  },
  {
    name: "no pipeline ever runs",
    law: "law 4",
    replay: async () => {
      const { world, ref } = await working();
      world.agentLands(ref, { ci: "none" });
      await ticks(world, TICKS_FOR_EVER);
      return expectThat([
        [world.verdict(ref) === "needs-human no-ci", `verdict ${world.verdict(ref)}`],
      ]);
    },
  },
  {
    name: "the doorbell is down for ten ticks",
    law: "law 6",
    replay: async () => {
      const { world, ref } = await working();
      world.agentLands(ref);
      world.notifier("ntfy").setDown(true);
      await ticks(world, TICKS_FOR_EVER);
      const labels = world.labels(ref).join();
      world.notifier("ntfy").setDown(false);
      await ticks(world, 3);
      return expectThat([
        [labels === LABELS.inProgress, `meanwhile labelled ${labels}`],
        [world.notifier("ntfy").rung.length === 1, `rang ${world.notifier("ntfy").rung.length}`],
        [world.labels(ref).length === 0, `still labelled ${world.labels(ref).join()}`],
      ]);
    },
  },
  {
    name: "two hundred ticks in which nothing changes",
    law: "law 11",
    replay: async () => {
      const { world, ref } = await working();
      world.agentLands(ref, { ci: "pending" });
      await ticks(world, 2);
      const before = world.effects().length;
      for (let tick = 0; tick < TICKS_UNCHANGED; tick += 1) await ticks(world, 1);
      const written = world.effects().slice(before);
      return expectThat([[written.length === 0, `wrote ${written.slice(0, 3).join("; ")}`]]);
    },
  },
];

/** A world in which an agent works on the one issue. */
async function working(): Promise<{ readonly world: World; readonly ref: IssueRef }> {
  const world = new World();
  const ref = world.readyIssue();
  await ticks(world, 1);
  world.startsWorking(ref);
  await ticks(world, 1);
  return { world, ref };
}

/** So many minutes; what fails in a tick is for the end to show. */
async function ticks(world: World, times: number): Promise<void> {
  for (let tick = 0; tick < times; tick += 1) {
    await world.poll();
    await world.watch();
    world.advance(MINUTE);
  }
}

function asked(world: World, ref: IssueRef, kind: string): number {
  return world.agent.turnStarts.filter(
    (start) =>
      parseMessageId(start.messageId)?.kind === kind && start.threadId.includes(`-${ref.number}-`),
  ).length;
}

/** From now on every such write of that label fails without effect. */
function refuse(world: World, method: string, label: string): void {
  world.tracker.beforeCall = (call) => {
    if (call.startsWith(`${method} `) && call.endsWith(` ${label}`))
      throw new Error(`planned trouble: ${call}`);
  };
}

function expectThat(
  claims: readonly (readonly [isTrue: boolean, otherwise: string])[],
): readonly string[] {
  return claims.flatMap(([isTrue, otherwise]) => (isTrue ? [] : [otherwise]));
}
