import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { BAD_TOKEN } from "../contract/agent-world.ts";
import { LABELS, MINUTE } from "../loops/world.ts";
import { T3Ticks } from "./t3-ticks.ts";

describe.concurrent.each(["0.0.27", "0.0.33"])("both ticks over T3 %s", (version) => {
  it("use a rotated token at once, in the middle of a tick", async () => {
    await using ticks = await T3Ticks.open(version);
    const fresh = ticks.t3.issueToken(["orchestration:read", "orchestration:operate"]);
    const first = ticks.t3.issueToken(["orchestration:read"]);
    await writeFile(ticks.tokenFile, first);
    const write = ticks.tracker.createComment.bind(ticks.tracker);
    ticks.tracker.createComment = async (...comment) => {
      await writeFile(ticks.tokenFile, `${fresh}\n\n`);
      return write(...comment);
    };
    expect(await ticks.poll()).toMatchObject({ dispatched: 1, failed: 0 });
    await ticks.lands(await ticks.turnBegun(0));
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
    const told = JSON.stringify(ticks.said);
    expect([told.includes(fresh), told.includes(first)]).toEqual([false, false]);
  });

  it("start nothing with a token that T3 does not know, and say so without telling it", async () => {
    await using ticks = await T3Ticks.open(version);
    await writeFile(ticks.tokenFile, BAD_TOKEN);
    await ticks.poll();
    expect([ticks.t3.threads(), ticks.commands()]).toEqual([[], []]);
    expect(JSON.stringify(ticks.said)).toMatch(/T3 refuses T3_TOKEN \(401/);
    expect(JSON.stringify(ticks.said)).not.toContain(BAD_TOKEN);
  });

  it("link the thread's own page", async () => {
    await using ticks = await T3Ticks.open(version);
    const turn = await ticks.nextTurn();
    turn.voice.say("I am at it.");
    await ticks.minute();
    const [, link = ""] = /\[Open the agent's thread\]\((\S+)\)/.exec(ticks.progress()) ?? [];
    const { id } = ticks.thread();
    expect(link).toBe(`${ticks.t3.url}/${ticks.t3.environmentId}/${id}`);
    const page = await (await fetch(link)).text();
    expect(page).toContain("I am at it.");
    const never = await (await fetch(`${ticks.t3.url}/?thread=${id}`)).text();
    expect(never).not.toContain("I am at it.");
    turn.end();
    await ticks.untilQuiet();
  });

  it("say once at a run's start that it is unmetered, and enforce nothing while it stays so", async () => {
    await using ticks = await T3Ticks.open(version, { reportsTotals: false });
    ticks.limits = { ...ticks.limits, budgetUsdMax: 0 };
    await ticks.poll();
    expect(ticks.progress()).toContain("Usage is unmetered: AFK_BUDGET_USD is not enforced.");
    await ticks.ends(await ticks.turnBegun(0), "I had a look around.");
    await ticks.lands(await ticks.nextTurn());
    await ticks.minute();
    await ticks.minute();
    expect([ticks.verdict(), ticks.record().metering]).toEqual(["done green", "unmetered"]);
    const lines = ticks.said.filter(({ fields }) => "metering" in fields);
    expect(lines).toMatchObject([{ fields: { metering: "unmetered", issue: "o/a#1" } }]);
  });

  it("stop a metered run whose estimate has passed the budget", async () => {
    await using ticks = await T3Ticks.open(version);
    ticks.limits = { ...ticks.limits, budgetUsdMax: 0.01 };
    await ticks.ends(await ticks.nextTurn(), "I had a look around.");
    await ticks.minute();
    await ticks.minute();
    expect([ticks.verdict(), ticks.record().metering]).toEqual(["needs-human budget", "metered"]);
    expect(ticks.progress()).toContain("Usage is metered.");
    expect(ticks.messages()).toEqual(["first/0"]);
  });

  it("archive the thread of a finished run, and none before", async () => {
    await using ticks = await T3Ticks.open(version);
    ticks.limits = { ...ticks.limits, archiveAfterMs: 60 * MINUTE };
    await ticks.lands(await ticks.nextTurn());
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
    expect(ticks.thread().archivedAt).toBeNull();
    ticks.clock.advance(60 * MINUTE);
    await ticks.minute();
    expect(ticks.thread().archivedAt).not.toBeNull();
    const before = ticks.commands();
    await ticks.minute();
    expect([before.at(-1), ticks.commands()]).toEqual(["thread.archive", before]);
    expect(ticks.tracker.see(ticks.issue).labels).not.toContain(LABELS.inProgress);
  });

  it("go on after a command whose answer was lost, and ask for no turn twice", async () => {
    await using ticks = await T3Ticks.open(version);
    ticks.t3.failNextDispatch({ type: "thread.create", how: "drop-after" });
    ticks.t3.failNextDispatch({ type: "thread.turn.start", how: "drop-after" });
    expect(await ticks.poll()).toMatchObject({ failed: 1 });
    expect(await ticks.poll()).toMatchObject({ failed: 1 });
    expect(await ticks.poll()).toMatchObject({ failed: 0 });
    await ticks.lands(await ticks.turnBegun(0));
    await ticks.minute();
    await ticks.minute();
    expect([ticks.verdict(), ticks.messages()]).toEqual(["done green", ["first/0"]]);
    expect(ticks.puppets.turns).toHaveLength(1);
  });

  it("go on with new command ids after a refusal", async () => {
    await using ticks = await T3Ticks.open(version);
    ticks.t3.failNextDispatch({ type: "thread.create", how: "reject" });
    expect(await ticks.poll()).toMatchObject({ failed: 1 });
    expect(await ticks.poll()).toMatchObject({ failed: 0 });
    await ticks.lands(await ticks.turnBegun(0));
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
  });
});
