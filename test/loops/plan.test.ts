import { describe, expect, it } from "vitest";
import * as z from "zod";
import { readGates } from "../../src/pure/gates.ts";
import type { PlanReport } from "../../src/pure/plan-report.ts";
import { renderPlan } from "../../src/pure/plan-table.ts";
import { planNothing } from "../../src/loops/plan.ts";
import { ConfigRefused } from "../../src/loops/deps.ts";
import { planOf, writesOf } from "./bystander.ts";
import { playMinutes } from "./play.ts";
import { STORIES } from "./stories.ts";
import { LABELS, MARIA, MINUTE, repoNamed, STRANGER, World } from "./world.ts";

const Name = z.string().regex(/^o\/[a-z]+#\d+$/);
const Text = z.string();
const Id = z.string().regex(/^[0-9a-f]{12}$/);

/** What README.md promises of `afk plan --json`, word for word. */
const Report = z.strictObject({
  version: z.literal(1),
  at: z.iso.datetime(),
  gates: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("open") }),
    z.strictObject({
      kind: z.literal("disabled"),
      because: z.enum(["kill-switch", "allowlist-empty"]),
      text: Text,
    }),
  ]),
  isDraining: z.boolean(),
  repos: z.array(Text),
  notEnrolled: z.array(Text).optional(),
  agentServer: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("readable"), warnings: z.array(Text).optional() }),
    z.strictObject({ kind: z.literal("unreadable"), why: Text }),
    z.strictObject({ kind: z.literal("not-asked") }),
  ]),
  candidates: z.array(
    z.strictObject({
      issue: Name,
      url: z.url(),
      title: Text,
      priority: z.number().nullable(),
      decision: z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("dispatch"), runId: Id, threadId: Text }),
        z.strictObject({
          kind: z.literal("adopt"),
          step: z.enum(["finish", "hand-over"]),
          runId: Id,
          threadId: Text,
          detail: Text,
        }),
        z.strictObject({ kind: z.literal("hold"), because: Text, detail: Text }),
      ]),
    }),
  ),
  runs: z.array(
    z.strictObject({
      issue: Name,
      url: z.url(),
      title: Text,
      runId: Id,
      threadLink: z.url().nullable(),
      row: z.string().regex(/^T\d+$/),
      decision: z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("wait"), on: Text, detail: Text }),
        z.strictObject({ kind: z.literal("act"), act: Text, detail: Text }),
        z.strictObject({ kind: z.literal("conclude") }),
        z.strictObject({ kind: z.literal("finish"), missing: z.array(Text).min(1) }),
      ]),
      verdict: z.strictObject({ kind: Text, because: Text, detail: Text }).nullable(),
      violated: z.array(Text),
    }),
  ),
  unreadable: z.array(z.strictObject({ name: Text, why: Text })),
  strays: z.array(z.strictObject({ threadId: Text, workspaceRoot: Text })),
});

/** The table with every run id told as `run-of-o/a#1`, which is as long: whose run it is, a person can check. */
function withRunsNamed(report: PlanReport, text: string): string {
  let named = text;
  for (const { issue, decision } of report.candidates) {
    const id = /\b[0-9a-f]{12}\b/.exec(JSON.stringify(decision))?.[0];
    if (id !== undefined) named = named.replaceAll(id, `run-of-${issue}`);
  }
  for (const { issue, runId } of report.runs) named = named.replaceAll(runId, `run-of-${issue}`);
  return named;
}

/** The plan's table; looking at a world must not change it. */
async function tableOf(world: World, gates?: Parameters<typeof planOf>[1]): Promise<string> {
  const before = writesOf(world);
  const report = await planOf(world, gates);
  expect(writesOf(world)).toEqual(before);
  expect(Report.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  return withRunsNamed(report, renderPlan(report));
}

function killed(): PlanReport["gates"] {
  const gates = readGates({ AFK_ALLOWLIST: "o/a" });
  if (gates.kind === "unsure") throw new Error("the kill switch is plainly on");
  return gates;
}

function table(...lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

describe("the table", () => {
  it("of a world in which nobody approved anything says so", async () => {
    const world = new World();
    world.addIssue();
    expect(await tableOf(world)).toBe(
      table(
        "Read at 2026-01-05T09:00:00Z, repos enrolled: 1. Nothing was changed.",
        "",
        "No candidates: no open issue has the ready label.",
        "",
        "No runs in flight.",
      ),
    );
  });

  it("shows every candidate with its decision and reason, most urgent first", async () => {
    const world = new World({ repos: ["a", "b", "c"] });
    const first = world.readyIssue("a", "Greet every guest by name, also those who come late");
    world.advance(MINUTE);
    world.readyIssue("a", "Say goodbye");
    const urgent = world.readyIssue("b", "Mend the \u001b[31mlock");
    world.tracker.label(urgent, "priority:1", MARIA);
    const foreign = world.addIssue("c", "Let me in");
    world.tracker.label(foreign, LABELS.ready, STRANGER);
    world.tracker.addBlocker(world.readyIssue("c", "Wait"), first);
    world.tracker.edit(world.readyIssue("c", "Change"), { body: "Another." }, MARIA);
    expect(await tableOf(world)).toBe(
      table(
        "Read at 2026-01-05T09:01:00Z, repos enrolled: 3. Nothing was changed.",
        "",
        "candidate  title                     decision  why",
        "---------  ------------------------  --------  -----------------------------------------------------",
        "o/b#1      Mend the [31mlock         dispatch  nothing holds it: it begins as run run-of-o/b#1",
        "o/a#1      Greet every guest by na…  dispatch  nothing holds it: it begins as run run-of-o/a#1",
        "o/c#1      Let me in                 hold      untrusted-labeler: whoever set the label may not",
        "                                               write to the repo",
        "o/a#2      Say goodbye               hold      slot-taken: o/a#1 is more urgent",
        "o/c#2      Wait                      hold      blocked: o/a#1",
        "o/c#3      Change                    hold      edited-after-approval: its text was changed: label",
        "                                               again to approve the text as it is now",
        "",
        "No runs in flight.",
      ),
    );
  });

  it("shows every run with what it waits on, and what holds up its repo", async () => {
    const world = new World({ repos: ["a", "b"] });
    const working = world.readyIssue("a", "Greet");
    const asking = world.readyIssue("b", "Ask");
    await world.tickOn(1);
    for (const ref of [working, asking]) world.startsWorking(ref);
    const request = { requestId: "q1", kind: "question", text: "Which greeting?" } as const;
    world.agent.ask(world.threadOf(asking), request);
    await world.tickOn(1);
    world.readyIssue("a", "Next");
    expect(await tableOf(world)).toBe(
      table(
        "Read at 2026-01-05T09:02:00Z, repos enrolled: 2. Nothing was changed.",
        "",
        "candidate  title  decision  why",
        "---------  -----  --------  ----------------------------------------------------------------",
        "o/a#1      Greet  hold      approval-already-used: its approval was used by run run-of-o/a#1",
        "o/b#1      Ask    hold      approval-already-used: its approval was used by run run-of-o/b#1",
        "o/a#2      Next   hold      repo-locked: the repo is busy: o/a#1 (label)",
        "",
        "run of  run           row  decision  what",
        "------  ------------  ---  --------  ---------------------------------------------------------------",
        "o/a#1   run-of-o/a#1  T7   wait      agent: the agent is at work",
        "o/b#1   run-of-o/b#1  T5   wait      human-answer: the agent asks, a person has to answer in its",
        "                                     thread",
      ),
    );
  });

  it("shows a verdict about to be reached, and what is missing of one reached before", async () => {
    const world = new World({ repos: ["a", "b"] });
    const landing = world.readyIssue("a", "Land");
    const telling = world.readyIssue("b", "Tell");
    await world.tickOn(1);
    world.agentSays(telling, "No.\n\nAFK-Outcome: blocked the key is missing");
    world.notifier("ntfy").setDown(true);
    await world.watch();
    const sha = world.agentLands(landing);
    expect(await tableOf(world)).toBe(
      table(
        "Read at 2026-01-05T09:01:00Z, repos enrolled: 2. Nothing was changed.",
        "",
        "candidate  title  decision  why",
        "---------  -----  --------  ----------------------------------------------------------------",
        "o/a#1      Land   hold      approval-already-used: its approval was used by run run-of-o/a#1",
        "",
        "run of  run           row  decision  what",
        "------  ------------  ---  --------  ---------------------------------------------------------------",
        `o/a#1   run-of-o/a#1  T14  conclude  done (green): green on ${sha}`,
        "o/b#1   run-of-o/b#1  T0   finish    needs-human (blocked): the key is missing. Still to do: ring",
        "                                     ntfy, release",
      ),
    );
  });

  it("leaves out a run that is over, although its thread stays", async () => {
    const world = new World();
    const ref = world.readyIssue();
    await world.tickOn(1);
    world.agentLands(ref);
    await world.tickOn(2);
    expect(world.verdict(ref)).toBe("done green");
    expect(await planOf(world)).toMatchObject({ candidates: [], runs: [] });
  });

  it("says first that both ticks are disabled, that nothing new starts, and who is silent", async () => {
    const world = new World();
    world.readyIssue("a", "Greet");
    world.settings.isDraining = true;
    world.agent.setDown("connect ECONNREFUSED 127.0.0.1:3773");
    expect(await tableOf(world, killed())).toBe(
      table(
        "Read at 2026-01-05T09:00:00Z, repos enrolled: 1. Nothing was changed.",
        "Both ticks are disabled, AFK_KILL_SWITCH is on or not set: this is what they would do. Set",
        "AFK_KILL_SWITCH=false to let them.",
        "AFK_DRAIN is on: no new run is started.",
        "The agent server cannot be read: connect ECONNREFUSED 127.0.0.1:3773",
        "",
        "candidate  title  decision  why",
        "---------  -----  --------  -------------------------------------------------------------",
        "o/a#1      Greet  hold      agent-server: unreadable: connect ECONNREFUSED 127.0.0.1:3773",
        "",
        "No runs in flight.",
      ),
    );
  });

  it("names repos that could not be read, and goes on with the others", async () => {
    const world = new World({ repos: ["a", "gone"] });
    world.readyIssue("a", "Greet");
    world.tracker.setUnreadable(repoNamed("gone"), "404: no such repo, or not for this token");
    expect(await tableOf(world)).toBe(
      table(
        "Read at 2026-01-05T09:00:00Z, repos enrolled: 2. Nothing was changed.",
        "",
        "candidate  title  decision  why",
        "---------  -----  --------  -----------------------------------------------",
        "o/a#1      Greet  dispatch  nothing holds it: it begins as run run-of-o/a#1",
        "",
        "No runs in flight.",
        "",
        "not readable  why",
        "------------  ----------------------------------------",
        "o/gone        404: no such repo, or not for this token",
      ),
    );
  });

  it("names the live threads of repos that are not enrolled any more", async () => {
    const world = new World({ repos: ["a", "b"] });
    const ref = world.readyIssue("b");
    await world.tickOn(1);
    world.startsWorking(ref);
    world.settings.repos = [repoNamed("a")];
    expect(await tableOf(world)).toBe(
      table(
        "Read at 2026-01-05T09:01:00Z, repos enrolled: 1. Nothing was changed.",
        "",
        "No candidates: no open issue has the ready label.",
        "",
        "No runs in flight.",
        "",
        "interrupted: its repo is not enrolled  folder",
        "-------------------------------------  ----------",
        `${world.threadOf(ref)}                   /data/o__b`,
      ),
    );
  });

  it("of an empty allowlist is one line, and nothing is asked", () => {
    const world = new World();
    const { settings } = world;
    const gates = readGates({ AFK_KILL_SWITCH: "false" });
    if (gates.kind === "unsure") throw new Error("the allowlist is plainly empty");
    const empty = { gates, poll: settings, watch: settings, notifiers: [] };
    const report = planNothing({ now: world.clock.now }, empty);
    expect(Report.parse(report)).toMatchObject({ repos: [], agentServer: { kind: "not-asked" } });
    expect(renderPlan(report)).toBe(
      table("Nothing to plan: AFK_ALLOWLIST names no repo. Set AFK_ALLOWLIST=owner/name."),
    );
  });
});

describe.each(STORIES)("through the story that $name, the plan", (story) => {
  it("is what the next ticks decide, has its shape, fits its lines, and writes nothing", async () => {
    await playMinutes(story, async (world) => {
      const before = writesOf(world);
      const forPoll = await planOf(world);
      expect(writesOf(world)).toEqual(before);
      const polled = await decisionsOf(world, () => world.poll());
      const candidates = forPoll.candidates.map(({ issue, decision }) => ({ issue, decision }));
      expect(byIssue(candidates)).toEqual(byIssue(polled));

      const between = writesOf(world);
      const forWatch = await planOf(world);
      expect(writesOf(world)).toEqual(between);
      const watched = await decisionsOf(world, () => world.watch());
      const runs = forWatch.runs.map(
        ({ runId, row, decision }) => `${runId} ${row} ${decision.kind}`,
      );
      expect(runs.toSorted()).toEqual(firstOfEachRun(watched).toSorted());

      for (const report of [forPoll, forWatch]) {
        expect(Report.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
        const wide = renderPlan(report)
          .split("\n")
          .filter((line) => line.length > 100);
        expect(wide).toEqual([]);
      }
    });
  });
});

type Decided = {
  readonly issue: string;
  readonly runId?: string;
  readonly decision: { readonly kind: string; readonly row?: string };
};

/** What a tick logged as decided. */
async function decisionsOf(
  world: World,
  tick: () => Promise<unknown>,
): Promise<readonly Decided[]> {
  const before = world.logs("decided").length;
  await tick();
  return world
    .logs("decided")
    .slice(before)
    .map(({ fields }) => fields as Decided);
}

function byIssue<Item extends { readonly issue: string }>(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => (a.issue < b.issue ? -1 : 1));
}

/** A verdict is decided about twice in a tick: reached, and then performed. The plan tells the first. */
function firstOfEachRun(decided: readonly Decided[]): readonly string[] {
  const first = new Map<string, string>();
  for (const { runId, decision } of decided) {
    // What is done with a thread whose run is over is no decision about a run.
    if (runId !== undefined && !first.has(runId))
      first.set(runId, `${runId} ${decision.row} ${decision.kind}`);
  }
  return [...first.values()];
}

it("of two runs of one repo that need a turn only one asks, and the other waits for it", async () => {
  const world = new World();
  const first = world.readyIssue("a", "One");
  const second = world.readyIssue("a", "Two");
  await world.poll();
  world.agentSays(first, "I think I am finished.");
  // The human label frees the repo although the first run goes on.
  world.tracker.label(first, LABELS.human, MARIA);
  world.advance(3 * MINUTE);
  await world.poll();
  world.agentSays(second, "I think I am finished.");
  world.tracker.unlabel(first, LABELS.human, MARIA);
  world.advance(3 * MINUTE);
  const { runs } = await planOf(world);
  expect(runs.map(({ issue, decision }) => ({ issue, decision }))).toEqual([
    { issue: "o/a#1", decision: { kind: "act", act: "ask-turn", detail: "nudge" } },
    { issue: "o/a#2", decision: { kind: "wait", on: "repo-locked", detail: "o/a#1" } },
  ]);
  const watched = await decisionsOf(world, () => world.watch());
  expect(watched.map(({ issue, decision }) => [issue, decision.kind])).toEqual([
    ["o/a#1", "act"],
    ["o/a#2", "wait"],
  ]);
});

it("says what the agent server warns of, as a person and as a program read it", async () => {
  const world = new World();
  const observe = world.agent.observe.bind(world.agent);
  world.agent.observe = async () => ({ ...(await observe()), warnings: ["the token expires"] });
  const report = await planOf(world);
  expect(Report.parse(report).agentServer).toEqual({
    kind: "readable",
    warnings: ["the token expires"],
  });
  expect(await tableOf(world)).toContain("\nThe agent server warns: the token expires\n");
});

it("an account that agents use is refused as the ticks refuse it", async () => {
  const world = new World();
  world.settings.trust = { trustedActors: [], agentActors: [world.tracker.own.login] };
  await expect(planOf(world)).rejects.toThrow(ConfigRefused);
});

it("a refused token is an error and no empty plan", async () => {
  const world = new World();
  world.tracker.setDown("401: bad credentials");
  await expect(planOf(world)).rejects.toThrow("401: bad credentials");
});
