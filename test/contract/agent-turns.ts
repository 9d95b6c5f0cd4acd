import { describe, expect, it } from "vitest";
import { isLive } from "../../src/pure/thread-state.ts";
import { parseIso } from "../../src/pure/time.ts";
import { atRest, letAllWork, read, stateOf, stepsIn } from "./agent-steps.ts";
import { APPROVAL, type OpenAgent, QUESTION } from "./agent-world.ts";

const ACCEPTED = { kind: "accepted" };

/** T3 takes longer prompts and fails to start their turns. */
const PROMPT_CHARS_MAX = 120_000;

/** What every agent server promises of turns. */
export function describeTurns(name: string, openWorld: OpenAgent): void {
  describe.concurrent(`a turn of ${name}`, () => {
    it("ends with the agent's words after our message, and a second follows in the same thread", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const one = await steps.reach("ends", "over");
      const { threadId } = one;
      const first = await read(world.agent, threadId);
      const two = { threadId, messageId: await steps.ask(threadId, "More, please.") };
      const state = await steps.until(two, "over");
      const second = await read(world.agent, threadId);
      expect(second.messages.map(({ id, role }) => (role === "user" ? id : role))).toEqual([
        one.messageId,
        "assistant",
        two.messageId,
        "assistant",
      ]);
      expect(second.messages.slice(0, 2)).toEqual(first.messages);
      expect(second.messages[2]?.text).toBe("More, please.");
      expect(state).toEqual({ kind: "over", lastWords: second.messages[3]?.text });
      expect([isLive(first), isLive(second)]).toEqual([false, false]);
      const [firstTurn, secondTurn] = [first.latestTurn, second.latestTurn];
      expect(secondTurn?.id === firstTurn?.id).toBe(world.quirks.has("erases-turn"));
      expect(second.processedTokens ?? 0).toBeGreaterThan(first.processedTokens ?? 0);
      const { latestTurn, updatedAt, session } = second;
      expect([latestTurn?.state, session?.status, session?.lastError]).toEqual([
        atRest(world, "completed"),
        "ready",
        null,
      ]);
      const { requestedAt, startedAt, completedAt } = latestTurn ?? {};
      const ofTurn = world.quirks.has("erases-turn") ? [] : [requestedAt, startedAt, completedAt];
      const times = [second.createdAt, ...ofTurn, updatedAt].map((at) => parseIso(at ?? ""));
      expect(times).not.toContain(null);
      expect(times).toEqual(times.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
    });

    it("waits for an answer to a question, and goes on with it", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const turn = await steps.reach("asks", "waiting");
      const { pending, ...thread } = await read(world.agent, turn.threadId);
      expect(pending).toEqual([
        { requestId: expect.stringMatching(/./), kind: "question", text: QUESTION },
      ]);
      const state = world.quirks.has("completes-early") ? "completed" : "running";
      expect([isLive(thread), thread.latestTurn?.state]).toEqual([true, state]);
      world.answer(turn.threadId, pending[0]?.requestId ?? "", "Postgres");
      expect((await stateOf(world.agent, turn)).kind).not.toBe("waiting");
      await steps.until(turn, "running", "over", "failed");
      const after = await read(world.agent, turn.threadId);
      expect(after.pending).toEqual([]);
      expect(after.messages.map(({ text }) => text)).toContain("Going on with: Postgres");
    });

    it("waits for an approval, and ends in its own words when it is declined", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const turn = await steps.reach("asks-permission", "waiting");
      const [request] = (await read(world.agent, turn.threadId)).pending;
      expect(request).toMatchObject({ kind: "approval", text: APPROVAL });
      world.answer(turn.threadId, request?.requestId ?? "", "decline");
      const lastWords = expect.stringContaining("AFK-Outcome: blocked");
      expect(await steps.until(turn, "over")).toEqual({ kind: "over", lastWords });
    });

    it("takes in what is asked meanwhile, and stays the same turn", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const turn = await steps.reach("asks", "waiting");
      const { threadId } = turn;
      const before = await read(world.agent, threadId);
      const messageId = await steps.ask(threadId, "Meanwhile.");
      await letAllWork(world);
      const after = await read(world.agent, threadId);
      expect(after.messages.at(-1)).toMatchObject({ id: messageId, text: "Meanwhile." });
      const opensTurn = world.quirks.has("message-opens-turn");
      const kind = opensTurn ? "running" : "waiting";
      expect(await stateOf(world.agent, turn)).toMatchObject({ kind });
      expect(await stateOf(world.agent, { threadId, messageId })).toMatchObject({ kind });
      expect(after.latestTurn?.id === before.latestTurn?.id).toBe(!opensTurn);
      if (opensTurn) return;
      expect([after.latestTurn, after.pending]).toEqual([before.latestTurn, before.pending]);
    });

    it.each([
      ["crashes", "stopped"],
      ["fails", "error"],
    ] as const)(
      "that %s is failed, with an error, and its session is %s",
      async (behaviour, status) => {
        await using world = await openWorld();
        const steps = stepsIn(world);
        const turn = await steps.reach(behaviour, "failed");
        const { session, latestTurn, ...thread } = await read(world.agent, turn.threadId);
        expect([session?.status, session?.hasActiveTurn, latestTurn?.state]).toEqual([
          status,
          false,
          atRest(world, "error"),
        ]);
        const lastError = session?.lastError ?? "";
        expect(lastError).not.toBe("");
        expect(await stateOf(world.agent, turn)).toMatchObject({ kind: "failed", lastError });
        expect(isLive({ ...thread, session, latestTurn })).toBe(false);
      },
    );

    it.each([
      ["one character too long", "x".repeat(PROMPT_CHARS_MAX + 1)],
      ["empty", ""],
    ])(
      "whose text is %s is accepted and fails to start; the latest turn stays",
      async (_how, text) => {
        await using world = await openWorld();
        const steps = stepsIn(world);
        const { threadId } = await steps.reach("ends", "over");
        const { latestTurn } = await read(world.agent, threadId);
        const messageId = await steps.ask(threadId, text);
        const state = await steps.until({ threadId, messageId }, "failed");
        expect(state).toMatchObject({ kind: "failed", lastWords: "" });
        const after = await read(world.agent, threadId);
        const status = world.quirks.has("quiet-refusal") ? "ready" : "error";
        expect([after.latestTurn, after.session?.status]).toEqual([latestTurn, status]);
        const fits = {
          threadId,
          messageId: await steps.ask(threadId, "x".repeat(PROMPT_CHARS_MAX)),
        };
        expect(await steps.until(fits, "over")).toMatchObject({ kind: "over" });
      },
    );

    it("overwrites a message of the same id, which keeps its time", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const { threadId, messageId } = await steps.reach("ends", "over");
      const [before] = (await read(world.agent, threadId)).messages;
      await world.letWork();
      await steps.ask(threadId, "Else.", messageId);
      const { messages } = await read(world.agent, threadId);
      expect(messages.filter(({ role }) => role === "user")).toEqual([
        { ...before, text: "Else." },
      ]);
    });

    it("takes a message of the same id out of another thread, time and all", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const { threadId, messageId } = await steps.reach("ends", "over");
      const [before] = (await read(world.agent, threadId)).messages;
      await world.letWork();
      const other = await steps.openThread();
      await steps.ask(other, "Else.", messageId);
      const [moved] = (await read(world.agent, other)).messages;
      expect(moved).toEqual({ ...before, text: "Else." });
      const left = (await read(world.agent, threadId)).messages;
      expect(left.map(({ role }) => role)).toEqual(["assistant"]);
    });
  });
}

/** What every agent server promises of the ways to end a turn, wanted or not. */
export function describeBrakes(name: string, openWorld: OpenAgent): void {
  describe.concurrent(`a brake of ${name}`, () => {
    it("is an interrupt: the turn is over or failed, and asks nothing any more", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const turn = await steps.reach("asks", "waiting");
      expect(await world.agent.interruptTurn(steps.to(turn.threadId))).toEqual(ACCEPTED);
      await steps.until(turn, "over", "failed");
      const thread = await read(world.agent, turn.threadId);
      expect([isLive(thread), thread.pending]).toEqual([false, []]);
      const ends = ["completed", "interrupted", "error"].map((state) => atRest(world, state));
      expect(ends).toContain(thread.latestTurn?.state);
      const again = await steps.ask(turn.threadId, "Go on.");
      await steps.until({ threadId: turn.threadId, messageId: again }, "waiting");
    });

    it("is the end of the session where an interrupt is not heard", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const turn = await steps.reach("never-stops", "running");
      expect(await world.agent.interruptTurn(steps.to(turn.threadId))).toEqual(ACCEPTED);
      await letAllWork(world);
      expect(await stateOf(world.agent, turn)).toMatchObject({ kind: "running" });
      expect(await world.agent.stopSession(steps.to(turn.threadId))).toEqual(ACCEPTED);
      await steps.until(turn, "over");
      await letAllWork(world);
      const { session, latestTurn, ...thread } = await read(world.agent, turn.threadId);
      expect([session?.status, session?.lastError, latestTurn?.state]).toEqual([
        "stopped",
        null,
        atRest(world, "completed"),
      ]);
      expect(isLive({ ...thread, session, latestTurn })).toBe(false);
    });

    it("changes nothing before the first turn", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const threadId = await steps.openThread();
      expect(await world.agent.interruptTurn(steps.to(threadId))).toEqual(ACCEPTED);
      expect(await world.agent.stopSession(steps.to(threadId))).toEqual(ACCEPTED);
      const nothing = { session: null, latestTurn: null, messages: [], pending: [] };
      expect(await read(world.agent, threadId)).toMatchObject(nothing);
      const messageId = await steps.ask(threadId, world.prompt("ends"));
      await steps.until({ threadId, messageId }, "over");
    });

    it.each([
      ["ends", "over"],
      ["fails", "failed"],
    ] as const)("leaves a turn that %s by itself what it was: %s", async (behaviour, kind) => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const turn = await steps.reach(behaviour, kind);
      const before = await stateOf(world.agent, turn);
      const { latestTurn } = await read(world.agent, turn.threadId);
      expect(await world.agent.interruptTurn(steps.to(turn.threadId))).toEqual(ACCEPTED);
      expect(await stateOf(world.agent, turn)).toEqual(before);
      expect(await world.agent.stopSession(steps.to(turn.threadId))).toEqual(ACCEPTED);
      await letAllWork(world);
      expect(await stateOf(world.agent, turn)).toEqual(before);
      const after = await read(world.agent, turn.threadId);
      expect([after.session?.status, after.latestTurn]).toEqual(["stopped", latestTurn]);
    });

    it("does not reach an archived thread, which is shown as running until it is back and stopped", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const { agent } = world;
      const turn = await steps.reach("never-stops", "running");
      const { threadId } = turn;
      await agent.archiveThread(steps.to(threadId));
      expect(await agent.stopSession(steps.to(threadId))).toEqual(ACCEPTED);
      await letAllWork(world);
      expect(isLive(await read(agent, threadId))).toBe(true);
      await agent.unarchiveThread(steps.to(threadId));
      await letAllWork(world);
      expect(await stateOf(agent, turn)).toMatchObject({ kind: "running" });
      await agent.stopSession(steps.to(threadId));
      await steps.until(turn, "over");
      expect(isLive(await read(agent, threadId))).toBe(false);
    });

    it("is not needed for a deleted thread, whose row goes on as it was", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const turn = await steps.reach("never-stops", "running");
      await world.deleteThread(turn.threadId);
      await letAllWork(world);
      const thread = await read(world.agent, turn.threadId);
      expect([thread.session?.status, thread.presence, isLive(thread)]).toEqual([
        "running",
        "deleted",
        false,
      ]);
      expect(await stateOf(world.agent, turn)).toEqual({ kind: "never-started" });
    });
  });

  describe.concurrent(`a restart of ${name}`, () => {
    it("loses a running turn and what it asks; the thread takes a new one", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const turn = await steps.reach("asks", "waiting");
      await world.restart("noticed");
      const isMissed = world.quirks.has("misses-restart");
      const kind = isMissed ? "waiting" : "lost-in-restart";
      expect(await stateOf(world.agent, turn)).toMatchObject({ kind });
      // It is a zombie from then on, and what holds of that is the last promise.
      if (isMissed) return;
      const thread = await read(world.agent, turn.threadId);
      expect([isLive(thread), thread.pending, thread.messages[0]?.id]).toEqual([
        false,
        [],
        turn.messageId,
      ]);
      const again = await steps.ask(turn.threadId, "Once more.");
      await steps.until({ threadId: turn.threadId, messageId: again }, "waiting");
    });

    it("leaves a turn that was over as it was, and every receipt", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const threadId = await steps.openThread();
      const start = { commandId: "once", threadId, messageId: "m1", text: world.prompt("ends") };
      await world.agent.startTurn(start);
      const state = await steps.until(start, "over");
      await world.restart("noticed");
      expect(await stateOf(world.agent, start)).toEqual(state);
      expect(await world.agent.startTurn(start)).toEqual(ACCEPTED);
      await letAllWork(world);
      expect((await read(world.agent, threadId)).messages).toHaveLength(2);
    });

    it("loses a turn that was asked for and had not begun; only a new command starts it", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const threadId = await steps.openThread();
      const start = { commandId: "once", threadId, messageId: "m1", text: world.prompt("ends") };
      await world.agent.startTurn(start);
      await world.restart("noticed");
      await letAllWork(world);
      // A server that was about to start the session says so of it.
      const lost = ["never-started", "lost-in-restart"];
      expect(lost).toContain((await stateOf(world.agent, start)).kind);
      expect(await world.agent.startTurn(start)).toEqual(ACCEPTED);
      await letAllWork(world);
      expect(lost).toContain((await stateOf(world.agent, start)).kind);
      await steps.ask(threadId, start.text, start.messageId);
      await steps.until(start, "over");
    });

    it("that is not noticed leaves a turn running for ever, until its session is stopped", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const { agent } = world;
      const turn = await steps.reach("never-stops", "running");
      await world.restart("zombie");
      await agent.interruptTurn(steps.to(turn.threadId));
      await letAllWork(world);
      expect(await stateOf(agent, turn)).toMatchObject({ kind: "running" });
      expect(await agent.stopSession(steps.to(turn.threadId))).toEqual(ACCEPTED);
      await steps.until(turn, "over");
      const { latestTurn, session } = await read(agent, turn.threadId);
      const state = atRest(world, "interrupted");
      expect([latestTurn?.state, session?.status]).toEqual([state, "stopped"]);
      const again = await steps.ask(turn.threadId, "Once more.");
      await steps.until({ threadId: turn.threadId, messageId: again }, "running");
    });
  });
}
