import { describe, expect, it } from "vitest";
import { T3Ticks } from "./t3-ticks.ts";

const MINUTE = 60_000;

describe.concurrent.each(["0.0.27", "0.0.33"])("a run over T3 %s", (version) => {
  it("is dispatched, nudged, sent back to mend a red check, and done", async () => {
    await using ticks = await T3Ticks.open(version);
    await ticks.ends(await ticks.nextTurn(), "I had a look around.");
    const nudged = await ticks.nextTurn();
    expect(nudged.prompt).toContain("AFK-Outcome");
    await ticks.lands(nudged, "red");
    const corrective = await ticks.nextTurn();
    expect(corrective.prompt).toContain("expected hello, got goodbye");
    await ticks.lands(corrective, "green");
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
    expect(ticks.messages()).toEqual(["first/0", "nudge/0", "corrective/0"]);
    expect(ticks.commands()).toEqual([
      "project.create",
      "thread.create",
      "thread.turn.start",
      "thread.turn.start",
      "thread.turn.start",
    ]);
    expect(ticks.thread().title).toBe("o/a#1: Add a greeting");
  });

  it("takes no word of an earlier turn for a later one's, by a clock that is slow", async () => {
    await using ticks = await T3Ticks.open(version);
    ticks.slowMs = 10 * MINUTE;
    await ticks.ends(await ticks.nextTurn(), "I had a look around.");
    await ticks.minute();
    expect(ticks.turnsAsked()).toEqual(["first/0", "nudge/0"]);
    await ticks.t3.restart({ lose: "turns", downMs: 1 });
    await ticks.minute();
    expect(ticks.record().waitingOn).toBe("agent-start");
    await ticks.lands(await ticks.nextTurn());
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
    expect(ticks.turnsAsked()).toEqual(["first/0", "nudge/1"]);
  });

  it("hears the words of its turn by a clock that is fast", async () => {
    await using ticks = await T3Ticks.open(version);
    ticks.slowMs = -10 * MINUTE;
    await ticks.ends(await ticks.nextTurn(), "I had a look around.");
    await ticks.lands(await ticks.nextTurn());
    await ticks.minute();
    await ticks.minute();
    expect([ticks.verdict(), ticks.messages()]).toEqual(["done green", ["first/0", "nudge/0"]]);
  });

  it("rings for a question, and goes on to its end once a person has answered", async () => {
    await using ticks = await T3Ticks.open(version);
    const turn = await ticks.nextTurn();
    const options = [{ label: "Postgres", description: "pg" }];
    const answer = turn.voice.ask({ header: "DB", question: "Which database?", options });
    await ticks.minute();
    await ticks.minute();
    expect(ticks.record().waitingOn).toBe("human-answer");
    const bells = ticks.notifier.rung;
    expect(bells).toHaveLength(1);
    expect(JSON.stringify(bells)).toContain("Which database?");
    const [request] = ticks.thread().pending;
    ticks.t3.answer(ticks.thread().id, request?.requestId ?? "", "Postgres");
    expect(await answer).toBe("Postgres");
    await ticks.lands(turn);
    await ticks.minute();
    await ticks.minute();
    expect([ticks.verdict(), ticks.messages()]).toEqual(["done green", ["first/0"]]);
  });

  it("is handed over when the provider's limit is reached, although T3 calls that a success", async () => {
    await using ticks = await T3Ticks.open(version);
    await ticks.ends(await ticks.nextTurn(), "You've hit your session limit · resets 3am (UTC)");
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("needs-human provider-limit");
    expect(ticks.messages()).toEqual(["first/0"]);
  });

  it("whose turn is a zombie after a restart waits for its ceiling, is stopped, and ends", async () => {
    await using ticks = await T3Ticks.open(version);
    await ticks.nextTurn();
    await ticks.minute();
    await ticks.t3.restart({ lose: "zombie", downMs: 1 });
    await ticks.minute();
    expect(ticks.record().waitingOn).toBe("agent");
    ticks.clock.advance(ticks.limits.turnMsMax);
    await ticks.minute();
    await ticks.minute();
    await ticks.untilQuiet();
    await ticks.lands(await ticks.nextTurn());
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
    expect(ticks.commands().slice(3)).toEqual([
      "thread.turn.interrupt",
      "thread.session.stop",
      "thread.turn.start",
    ]);
  });

  it("whose agent hears no interrupt loses its session, and goes on in the same thread", async () => {
    await using ticks = await T3Ticks.open(version);
    ticks.puppets.hearsInterrupts = false;
    const turn = await ticks.nextTurn();
    turn.voice.say("This will take a while.");
    await ticks.minute();
    ticks.clock.advance(ticks.limits.turnMsMax);
    await ticks.minute();
    expect(ticks.thread().session?.status).toBe("running");
    await ticks.minute();
    await ticks.until("the session ends", () => ticks.thread().session?.status === "stopped");
    await ticks.lands(await ticks.nextTurn());
    await ticks.minute();
    await ticks.minute();
    expect([ticks.verdict(), ticks.messages()]).toEqual(["done green", ["first/0", "nudge/0"]]);
  });

  it("whose thread a person archived takes it out, stops its session, and goes on in it", async () => {
    await using ticks = await T3Ticks.open(version);
    await ticks.nextTurn();
    await ticks.minute();
    await ticks.command("thread.archive");
    await ticks.minute();
    expect(ticks.thread().archivedAt).toBeNull();
    await ticks.untilQuiet();
    await ticks.lands(await ticks.nextTurn());
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
    const steps = ticks.commands().slice(3);
    expect(steps).toEqual(["thread.unarchive", "thread.session.stop", "thread.turn.start"]);
  });

  it("whose server died right after it took the turn is asked for again, as the next attempt", async () => {
    await using ticks = await T3Ticks.open(version);
    await ticks.poll();
    await ticks.t3.restart({ lose: "turns", downMs: 1 });
    ticks.clock.advance(ticks.limits.startGraceMs + MINUTE);
    const before = ticks.puppets.turns.length;
    await ticks.minute();
    await ticks.minute();
    await ticks.lands(await ticks.turnBegun(before));
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
    expect(ticks.turnsAsked()).toEqual(["first/1"]);
    expect(ticks.messages()).toEqual(["first/0", "first/1"]);
  });
});

describe("a run over T3 0.0.30, whose list of all threads is the whole database", () => {
  it("is done without that list after its start, is revived from the archive, and idles so too", async () => {
    await using ticks = await T3Ticks.open("0.0.30");
    const lists = () =>
      ticks.t3.requests.flatMap(({ path }) => /(?:shell|snapshot)$/.exec(path)?.[0] ?? []);
    await ticks.ends(await ticks.nextTurn(), "I had a look around.");
    const nudged = await ticks.nextTurn();
    const before = lists().length;
    await ticks.minute();
    expect(lists().slice(before)).toEqual(["shell", "shell"]);
    await ticks.command("thread.archive");
    await ticks.minute();
    expect(lists().slice(before)).toContain("snapshot");
    expect(ticks.thread().archivedAt).toBeNull();
    await ticks.untilQuiet();
    expect(nudged.prompt).toContain("AFK-Outcome");
    await ticks.lands(await ticks.nextTurn());
    await ticks.minute();
    await ticks.minute();
    expect(ticks.verdict()).toBe("done green");
    const rest = lists().length;
    await ticks.minute();
    expect(lists().slice(rest)).toEqual(["shell", "shell"]);
  });
});
