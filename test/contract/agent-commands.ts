import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { letAllWork, read, stateOf, stepsIn } from "./agent-steps.ts";
import { type Agent, BAD_TOKEN, type OpenAgent } from "./agent-world.ts";

const ACCEPTED = { kind: "accepted" };
const REJECTED = { kind: "rejected", why: expect.stringMatching(/./) };

/** What every agent server promises of the answers to commands, and of the threads they make. */
export function describeCommands(name: string, openWorld: OpenAgent): void {
  describe.concurrent(`the receipts of ${name}`, () => {
    it("accept a repeated command without a second effect, whatever else it says", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const threadId = await steps.openThread();
      const start = { commandId: "same", threadId, messageId: "m1", text: world.prompt("ends") };
      expect(await world.agent.startTurn(start)).toEqual(ACCEPTED);
      expect(await world.agent.startTurn({ ...start, messageId: "m2", text: "else" })).toEqual(
        ACCEPTED,
      );
      await steps.until(start, "over");
      await letAllWork(world);
      const { messages } = await read(world.agent, threadId);
      expect(messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
      expect(messages[0]).toMatchObject({ id: "m1", text: world.prompt("ends") });
    });

    it("reject a rejected command for ever, although its cause is mended", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const threadId = "afk-0123456789ab-77-0";
      const creation = { commandId: "poisoned", threadId, projectId: "project-2", title: "t" };
      expect(await world.agent.createThread(creation)).toEqual(REJECTED);
      const { projectId } = await steps.openProject("repo");
      expect(projectId).toBe("project-1");
      const workspaceRoot = world.root("another");
      const project = { commandId: "c", projectId: "project-2", title: "p", workspaceRoot };
      expect(await world.agent.createProject(project)).toEqual(ACCEPTED);
      expect(await world.agent.createThread(creation)).toEqual(REJECTED);
      expect(await world.agent.readThread(threadId)).toEqual({ kind: "unknown" });
      expect(await world.agent.createThread({ ...creation, commandId: "fresh" })).toEqual(ACCEPTED);
    });

    it("reject a command id that was used for another thread, and keep the first receipt", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const [first, second] = [await steps.openThread(), await steps.openThread()];
      const start = (threadId: string) =>
        world.agent.startTurn({ commandId: "same", threadId, messageId: threadId, text: "Hello." });
      expect(await start(first)).toEqual(ACCEPTED);
      const isForgotten = world.quirks.has("forgets-command-owner");
      expect(await start(second)).toEqual(isForgotten ? ACCEPTED : REJECTED);
      expect(await start(first)).toEqual(ACCEPTED);
      expect((await read(world.agent, second)).messages).toEqual([]);
    });

    it("reject what is there already", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const { projectId, root } = await steps.openProject("repo");
      const threadId = "afk-0123456789ab-7-0";
      const project = { title: "again", projectId, workspaceRoot: root };
      const thread = { title: "again", threadId, projectId };
      const create = [
        () => world.agent.createThread({ ...thread, commandId: steps.id() }),
        () =>
          world.agent.createProject({
            ...project,
            workspaceRoot: world.root("elsewhere"),
            commandId: steps.id(),
          }),
        () => world.agent.createProject({ ...project, projectId: "other", commandId: steps.id() }),
      ] as const;
      expect(await create[0]()).toEqual(ACCEPTED);
      const twin = world.quirks.has("twin-projects") ? [{ id: "other", workspaceRoot: root }] : [];
      expect([await create[0](), await create[1]()]).toEqual([REJECTED, REJECTED]);
      expect(await create[2]()).toEqual(twin.length > 0 ? ACCEPTED : REJECTED);
      const seen = await world.agent.observe();
      expect(seen).toMatchObject({ projects: [{ id: projectId, workspaceRoot: root }, ...twin] });
    });

    it("reject what is about a thread that never was", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const nobody = "afk-0123456789ab-404-0";
      const { agent } = world;
      const acks = [
        await agent.startTurn({ ...steps.to(nobody), messageId: "m", text: "Hello." }),
        await agent.interruptTurn(steps.to(nobody)),
        await agent.stopSession(steps.to(nobody)),
        await agent.archiveThread(steps.to(nobody)),
        await agent.unarchiveThread(steps.to(nobody)),
      ];
      expect(acks).toEqual(Array(5).fill(REJECTED));
    });

    it("are not known when an answer is lost; the same command again tells, and acts once", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const threadId = await steps.openThread();
      const start = { commandId: "lost", threadId, messageId: "m1", text: world.prompt("ends") };
      await expect(world.breakingStart("with-effect").startTurn(start)).rejects.toBeInstanceOf(
        Error,
      );
      expect((await read(world.agent, threadId)).messages[0]?.id).toBe("m1");
      expect(await world.agent.startTurn(start)).toEqual(ACCEPTED);
      await steps.until(start, "over");
      await letAllWork(world);
      expect((await read(world.agent, threadId)).messages).toHaveLength(2);
    });

    it("are not there when a command was lost; the same command again acts", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const threadId = await steps.openThread();
      const start = { commandId: "lost", threadId, messageId: "m1", text: world.prompt("ends") };
      await expect(world.breakingStart("without-effect").startTurn(start)).rejects.toBeInstanceOf(
        Error,
      );
      expect((await read(world.agent, threadId)).messages).toEqual([]);
      expect(await world.agent.startTurn(start)).toEqual(ACCEPTED);
      await steps.until(start, "over");
    });
  });

  describe.concurrent(`the threads of ${name}`, () => {
    it("are new, idle and in their project's folder", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const threadId = await steps.openThread();
      const { createdAt, updatedAt, ...thread } = await read(world.agent, threadId);
      const workspaceRoot = world.root("repo-1");
      expect(thread).toEqual({
        id: threadId,
        workspaceRoot: expect.stringMatching(/./),
        presence: "active",
        session: null,
        latestTurn: null,
        messages: [],
        pending: [],
        processedTokens: null,
      });
      const seen = await world.agent.observe();
      if (seen.kind !== "readable") throw new Error(seen.why);
      const { messages, pending, processedTokens, ...summary } = thread;
      expect([messages, pending, processedTokens]).toEqual([[], [], null]);
      expect(seen.threads).toEqual([{ ...summary, createdAt, updatedAt }]);
      expect(seen.projects.map((project) => project.workspaceRoot)).toEqual([workspaceRoot]);
      expect(seen.environmentId).not.toBe("");
      expect(await world.agent.observe()).toEqual(seen);
      expect(await world.agent.readThread("afk-0123456789ab-404-0")).toEqual({ kind: "unknown" });
    });

    it("are all in the list: active, archived and deleted", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const ids = [await steps.openThread(), await steps.openThread(), await steps.openThread()];
      const [, archived = "", deleted = ""] = ids;
      await world.agent.archiveThread(steps.to(archived));
      await world.deleteThread(deleted);
      const seen = await world.agent.observe();
      const threads = seen.kind === "readable" ? seen.threads : [];
      expect(threads.map(({ id, presence }) => [id, presence])).toEqual([
        [ids[0], "active"],
        [archived, "archived"],
        [deleted, "deleted"],
      ]);
    });

    it("are told to whoever wants only active ones with or without the others, which it says", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const ids = [await steps.openThread(), await steps.openThread(), await steps.openThread()];
      const [active = "", archived = "", deleted = ""] = ids;
      await world.agent.archiveThread(steps.to(archived));
      await world.deleteThread(deleted);
      const all = await world.agent.observe("all");
      expect(all).toEqual(await world.agent.observe());
      if (all.kind === "unreadable") throw new Error("unreadable");
      expect(all.isWholeCostly).toBe(
        world.quirks.has("hides-inactive") || world.quirks.has("lists-inactive") ? true : undefined,
      );
      const threads = all.threads.filter(({ id }) => id === active);
      const activeOnly = { ...all, threads, isActiveOnly: true };
      const { quirks } = world;
      expect(await world.agent.observe("active")).toEqual(
        quirks.has("lists-inactive") ? all : activeOnly,
      );
      expect(await world.agent.observe("all-if-cheap")).toEqual(
        quirks.has("hides-inactive") ? activeOnly : all,
      );
    });

    it("hide their conversation while archived, and take no second archiving or unarchiving", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const { agent } = world;
      const { threadId } = await steps.reach("ends", "over");
      const before = await read(agent, threadId);
      expect(await agent.unarchiveThread(steps.to(threadId))).toEqual(REJECTED);
      expect(await agent.archiveThread(steps.to(threadId))).toEqual(ACCEPTED);
      expect(await agent.archiveThread(steps.to(threadId))).toEqual(REJECTED);
      const { messages, processedTokens } = before;
      const shown = world.quirks.has("shows-hidden")
        ? { messages, processedTokens }
        : { messages: [], processedTokens: null };
      const hidden = { presence: "archived", pending: [], ...shown };
      expect(await read(agent, threadId)).toMatchObject(hidden);
      expect(await agent.unarchiveThread(steps.to(threadId))).toEqual(ACCEPTED);
      const { updatedAt, ...after } = await read(agent, threadId);
      expect({ ...after, updatedAt: before.updatedAt }).toEqual(before);
      expect(updatedAt >= before.updatedAt).toBe(true);
    });

    it("accept a turn while archived, which never runs, not even once they are back", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const { agent } = world;
      const threadId = await steps.openThread();
      await agent.archiveThread(steps.to(threadId));
      const messageId = await steps.ask(threadId, world.prompt("asks"));
      await letAllWork(world);
      await agent.unarchiveThread(steps.to(threadId));
      await letAllWork(world);
      expect(await stateOf(agent, { threadId, messageId })).toEqual({ kind: "never-started" });
      expect((await read(agent, threadId)).messages.map(({ id }) => id)).toEqual([messageId]);
      await steps.ask(threadId, world.prompt("asks"), messageId);
      await steps.until({ threadId, messageId }, "waiting");
    });

    it("are never made again once deleted, and accept turns that never run", async () => {
      await using world = await openWorld();
      const steps = stepsIn(world);
      const { agent } = world;
      const { projectId } = await steps.openProject("repo");
      const threadId = "afk-0123456789ab-7-0";
      const creation = () => ({ commandId: steps.id(), threadId, projectId, title: threadId });
      expect(await agent.createThread(creation())).toEqual(ACCEPTED);
      await world.deleteThread(threadId);
      expect(await agent.createThread(creation())).toEqual(REJECTED);
      expect(await agent.archiveThread(steps.to(threadId))).toEqual(REJECTED);
      expect(await agent.unarchiveThread(steps.to(threadId))).toEqual(REJECTED);
      const messageId = await steps.ask(threadId, world.prompt("ends"));
      await letAllWork(world);
      expect(await stateOf(agent, { threadId, messageId })).toEqual({ kind: "never-started" });
      const messages = world.quirks.has("shows-hidden") ? [{ id: messageId }] : [];
      const hidden = { presence: "deleted", session: null, messages, pending: [] };
      expect(await read(agent, threadId)).toMatchObject(hidden);
    });
  });

  describe.concurrent(`the silence of ${name}`, () => {
    async function errorsOf(agent: Agent): Promise<readonly unknown[]> {
      const command = { commandId: "c", threadId: "afk-0123456789ab-7-0" };
      const { commandId } = command;
      const sent = await Promise.allSettled([
        agent.createProject({ commandId, projectId: "p", title: "p", workspaceRoot: "/tmp" }),
        agent.createThread({ ...command, projectId: "p", title: "t" }),
        agent.startTurn({ ...command, messageId: "m", text: "Hello." }),
        agent.interruptTurn(command),
        agent.stopSession(command),
        agent.archiveThread(command),
        agent.unarchiveThread(command),
      ]);
      return sent.map((each) => (each.status === "rejected" ? each.reason : "answered"));
    }

    it.each([["unreachable"], ["withBadToken"]] as const)(
      "is a value of reads and an error of commands when it is %s; neither tells a token",
      async (how) => {
        await using world = await openWorld();
        const agent = world[how]();
        const reads = [await agent.observe(), await agent.readThread("afk-0123456789ab-7-0")];
        const unreadable = { kind: "unreadable", why: expect.stringMatching(/./) };
        expect(reads).toEqual([unreadable, unreadable]);
        const errors = await errorsOf(agent);
        expect(errors.map((error) => error instanceof Error)).toEqual(Array(7).fill(true));
        expect(inspect([reads, errors], { depth: null })).not.toContain(BAD_TOKEN);
      },
    );
  });
}
