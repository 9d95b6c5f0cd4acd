import { describe, expect, it } from "vitest";
import { createSecrets } from "../../src/loops/log.main.ts";
import { withoutSecrets } from "../../src/loops/redact.ts";
import type { IssueRef } from "../../src/pure/issue.ts";
import type { ThreadDetail } from "../../src/pure/thread.ts";
import { dependenciesThatEcho } from "./echo.ts";
import { policyFor, MINUTE, World } from "./world.ts";

/** With two dashes and a tag, which a record escapes, and forms no rule knows. */
const TOKEN = "s3cret--<token>\"of'ours";
const TOPIC = "family-bells";

function redaction() {
  const secrets = createSecrets();
  secrets.add(TOKEN);
  secrets.addWord(TOPIC);
  return secrets;
}

function told(world: World, ref: IssueRef): string {
  const comments = world.tracker.see(ref).ownComments.comments.map(({ body }) => body);
  const rung = world.notifiers.flatMap((notifier) => notifier.rung);
  const prompts = world.thread(ref).messages.filter(({ role }) => role === "user");
  return JSON.stringify([comments, rung, prompts]);
}

function expectClean(world: World, ref: IssueRef): void {
  const text = told(world, ref);
  for (const part of ["s3cret", "token>", TOPIC]) expect(text).not.toContain(part);
  // Its end may have been cut off.
  expect(text).toContain("[redac");
}

async function thirtyMinutes(world: World): Promise<void> {
  for (let minute = 0; minute < 30; minute += 1) {
    world.advance(MINUTE);
    await world.poll();
    await world.watch();
  }
}

/** A run whose agent works, in a world that has something to hide. */
async function underWay(): Promise<{ world: World; ref: IssueRef }> {
  const world = new World({ redaction: redaction() });
  const ref = world.readyIssue();
  await world.tickOn(2);
  world.startsWorking(ref);
  await world.tickOn(1);
  return { world, ref };
}

describe("a secret that the agent quotes", () => {
  type Quote = readonly [name: string, act: (world: World, ref: IssueRef) => void];
  const quotes: readonly Quote[] = [
    [
      "in the last words of a blocked run",
      (world, ref) => world.agentSays(ref, `It said ${TOKEN} to ${TOPIC}.\n\nAFK-Outcome: blocked`),
    ],
    [
      "where the words are cut",
      (world, ref) => {
        const words = `${"x".repeat(1990)}${TOKEN} ${TOPIC}\n\nAFK-Outcome: blocked`;
        world.agentSays(ref, words);
      },
    ],
    [
      "in the error of a failed turn",
      (world, ref) => world.agent.fail(world.threadOf(ref), `401 for ${TOKEN}, ${TOPIC}`),
    ],
    [
      "in a question",
      (world, ref) => {
        const text = `May I use ${TOKEN} for ${TOPIC}?`;
        world.agent.ask(world.threadOf(ref), { requestId: "r-1", kind: "question", text });
      },
    ],
  ];

  it.each(quotes)(
    "%s is told to nobody, and thirty unchanged ticks write nothing",
    async (...row) => {
      const [, act] = row;
      const { world, ref } = await underWay();
      act(world, ref);
      await world.tickOn(3);
      expectClean(world, ref);
      expect(world.record(ref).issue).toBe("o/a#1");
      expect(await world.effectsOf(() => thirtyMinutes(world))).toEqual([]);
    },
  );
});

describe("a secret that CI quotes", () => {
  it("in a check's name and log reaches no prompt and no comment, whose record stays as it is", async () => {
    const { world, ref } = await underWay();
    const sha = world.agentLands(ref, { ci: "pending" });
    world.ci.red(sha, `test ${TOKEN}`, `expected ${TOKEN}, got ${TOPIC}`);
    await world.tickOn(2);
    expect(world.turnsAsked(ref)).toEqual(["first/0", "corrective/0"]);
    expectClean(world, ref);
    world.startsWorking(ref);
    await world.tickOn(2);
    expect(world.record(ref).ownRedChecks).toEqual(["test [redacted]"]);
    expect(await world.effectsOf(() => thirtyMinutes(world))).toEqual([]);
  });
});

describe("a secret that CI quotes where it has no log", () => {
  it("reaches no prompt, log or comment, and a required check is still known by its name", async () => {
    const { world, ref } = await underWay();
    policyFor(world, "a", { checks: "required", deploy: { environment: "production" } });
    const repo = ref.repo;
    const name = `test ${TOKEN}`;
    world.ci.setRequired(repo, [{ context: name, appId: null }]);
    world.ci.setCaveat(`not all was read with ${TOKEN}`);
    const sha = world.agentLands(ref, { ci: "none" });
    world.ci.status(sha, name, "success", `ran with ${TOKEN}`);
    const id = world.ci.deploy(repo, { sha, environment: "production", creatorId: "77" });
    world.ci.deployed(repo, id, { state: "failure", words: `cannot log in with ${TOKEN}` });
    await world.tickOn(2);
    expect(world.turnsAsked(ref)).toEqual(["first/0", "corrective/0"]);
    expect(JSON.stringify(world.thread(ref).messages)).toContain("cannot log in with [redacted]");
    expectClean(world, ref);
  });
});

describe("a topic that is a repo's name as well", () => {
  it("breaks no record, prompt or link", async () => {
    const secrets = createSecrets();
    secrets.addWord("o/a#1");
    secrets.addWord("pushed");
    secrets.addWord("verdict");
    const world = new World({ redaction: { ...secrets, redact: (text) => text } });
    const ref = world.readyIssue();
    await world.tickOn(2);
    world.agentLands(ref);
    await world.tickOn(2);
    expect(world.verdict(ref)).toBe("done green");
    expect(told(world, ref)).not.toContain("[redacted]");
  });
});

describe("the ports without secrets", () => {
  const repo = { tracker: "github", owner: "o", name: "a" } as const;
  const issue = { repo, number: 1 };

  function open() {
    const { deps, calls } = dependenciesThatEcho({ words: `${TOKEN} ${TOPIC}` });
    return { deps: withoutSecrets(deps, redaction()), calls };
  }

  it("tell what CI says without tokens, the required names as those of the checks", async () => {
    const { deps } = open();
    const words = `with ${TOKEN}`;
    const check = { name: words, source: "status", state: "failure", at: "", url: null, id: "1" };
    const deployment = { id: "1", sha: "a", state: "failure", creatorId: null, url: null };
    const ci: typeof deps.ci = {
      ...deps.ci,
      readChecks: async () => [
        {
          kind: "read",
          sha: "a",
          checks: [{ ...check, state: "failure", words }],
          required: [{ context: words, appId: null }],
          caveat: words,
        },
      ],
      readDeployments: async () => [
        {
          kind: "read",
          environment: "e",
          deployments: [{ ...deployment, state: "failure", createdAt: "", words }],
        },
      ],
    };
    const clean = withoutSecrets({ ...deps, ci }, redaction()).ci;
    const [checks] = await clean.readChecks([]);
    const [deployments] = await clean.readDeployments([]);
    expect(checks).toMatchObject({
      checks: [{ name: "with [redacted]", words: "with [redacted]" }],
      required: [{ context: "with [redacted]" }],
      caveat: "with [redacted]",
    });
    expect(deployments).toMatchObject({ deployments: [{ words: "with [redacted]" }] });
  });

  it("write texts without tokens, and everything else as it is given", async () => {
    const { deps, calls } = open();
    const { tracker, agent, notifiers } = deps;
    const command = { commandId: "c", threadId: "t" };
    await tracker.writer.createComment(issue, `a ${TOKEN} ${TOPIC}`);
    await tracker.writer.editComment(issue, "7", `b ${TOKEN}`);
    await tracker.writer.addLabel(issue, "x");
    await tracker.writer.removeLabel(issue, "y");
    await tracker.writer.closeIssue(issue, "completed");
    await tracker.writer.reopenIssue(issue);
    await agent.writer.createProject({
      commandId: "c",
      projectId: "p",
      title: TOKEN,
      workspaceRoot: "/w",
    });
    await agent.writer.createThread({ ...command, projectId: "p", title: `t ${TOKEN}` });
    await agent.writer.startTurn({ ...command, messageId: "m", text: `u ${TOKEN}` });
    await agent.writer.interruptTurn(command);
    await agent.writer.stopSession(command);
    await agent.writer.archiveThread(command);
    await agent.writer.unarchiveThread(command);
    const bell = { key: "k", urgency: "loud", tags: ["z"], link: "http://t3/t" } as const;
    await notifiers[0]?.ring({ ...bell, title: TOKEN, body: `v ${TOKEN}` }, "receipt");
    expect(calls).toEqual([
      ["createComment", issue, `a [redacted] ${TOPIC}`],
      ["editComment", issue, "7", "b [redacted]"],
      ["addLabel", issue, "x"],
      ["removeLabel", issue, "y"],
      ["closeIssue", issue, "completed"],
      ["reopenIssue", issue],
      [
        "createProject",
        { commandId: "c", projectId: "p", title: "[redacted]", workspaceRoot: "/w" },
      ],
      ["createThread", { ...command, projectId: "p", title: "t [redacted]" }],
      ["startTurn", { ...command, messageId: "m", text: "u [redacted]" }],
      ["interruptTurn", command],
      ["stopSession", command],
      ["archiveThread", command],
      ["unarchiveThread", command],
      ["ring", { ...bell, title: "[redacted]", body: "v [redacted]" }, "receipt"],
    ]);
    expect(notifiers.map(({ name }) => name)).toEqual(["echo"]);
  });

  it("read what agents and CI say without any secret", async () => {
    const { deps } = open();
    const read = [
      await deps.agent.reader.observe(),
      await deps.agent.reader.readThread("read"),
      await deps.agent.reader.readThread("unreadable"),
      await deps.agent.reader.readThread("unknown"),
      await deps.ci.readChecks([
        { repo, sha: "read" },
        { repo, sha: "unreadable" },
      ]),
      await deps.ci.readEvidence(repo, []),
    ];
    const text = JSON.stringify(read);
    for (const part of ["s3cret", TOPIC]) expect(text).not.toContain(part);
    const detail = (read[1] as { readonly detail: ThreadDetail }).detail;
    expect(detail.messages[0]).toMatchObject({ id: "m", text: "[redacted] [redacted]" });
  });

  it("read a silent agent server as silent", async () => {
    const { deps } = dependenciesThatEcho({ words: TOKEN, isSilent: true });
    const seen = await withoutSecrets(deps, redaction()).agent.reader.observe();
    expect(seen).toEqual({ kind: "unreadable", why: "[redacted]" });
  });
});
