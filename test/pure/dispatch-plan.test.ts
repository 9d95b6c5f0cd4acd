import { describe, expect, it } from "vitest";

import {
  countRefusal,
  type DispatchInput,
  type DispatchStep,
  firstPromptOf,
  planDispatch,
  planTurn,
} from "../../src/pure/dispatch-plan.ts";
import { hashText, messageIdOf, projectIdOf } from "../../src/pure/identity.ts";
import { PROMPT_CHARACTERS_MAX } from "../../src/pure/prompts.ts";
import { decodeComment } from "../../src/pure/run-record-codec.ts";
import type { ThreadRead } from "../../src/pure/thread.ts";
import {
  ago,
  anIssue,
  aPollPolicy,
  aThreadDetail,
  aTurn,
  bodyOf,
  cutShort,
  ENVIRONMENT_ID,
  HOUR,
  labeled,
  labels,
  links,
  maria,
  MINUTE,
  NOW,
  recordOf,
  RUN_ID,
  sha256,
  someFacts,
  startedAgo,
  THREAD_ID,
} from "./builders.ts";

const facts = someFacts();
const policy = aPollPolicy();
const PROJECT = { id: "project-1", workspaceRoot: "/data/acme__widgets" };

function input(overrides: Partial<DispatchInput> = {}): DispatchInput {
  return {
    now: NOW,
    runId: RUN_ID,
    issue: anIssue(),
    facts,
    agent: { environmentId: ENVIRONMENT_ID, projects: [] },
    threadRead: undefined,
    policy,
    links,
    ...overrides,
  };
}

function kindsOf(steps: readonly DispatchStep[]): readonly string[] {
  return steps.map((step) => step.kind);
}

const begun = anIssue({ comments: [bodyOf(cutShort(anIssue(), MINUTE))] });
const asked: ThreadRead = { kind: "read", detail: aThreadDetail() };
const unasked: ThreadRead = { kind: "read", detail: aThreadDetail({ messages: [] }) };
const steered: ThreadRead = {
  kind: "read",
  detail: aThreadDetail({ messages: [{ id: "a person's", role: "user", text: "Hi", at: ago(0) }] }),
};

describe("a dispatch", () => {
  const plan = planDispatch(input());

  it("is the record, project, thread and turn, then the lock label, in that order", () => {
    expect(kindsOf(plan.steps)).toEqual([
      "create-comment",
      "create-project",
      "create-thread",
      "start-turn",
      "add-label",
    ]);
    expect(plan.commentId).toBeNull();
  });

  it("records the run before anything else: approval, base, thread and when it was asked for", () => {
    const [first] = plan.steps;
    const body = first?.kind === "create-comment" ? first.body : "";
    const decoded = decodeComment({ id: "c1", body }, "acme/widgets#12");
    expect(decoded).toEqual({ kind: "record", commentId: "c1", record: plan.record });
    expect(plan.record).toMatchObject({
      issue: "acme/widgets#12",
      runId: RUN_ID,
      approval: {
        eventId: "labeled-ready-for-agent",
        actor: { id: maria.id, login: maria.login },
        at: ago(HOUR),
        textHash: hashText(sha256, anIssue()),
      },
      state: "dispatching",
      begunAt: NOW,
      baseSha: facts.headSha,
      environmentId: ENVIRONMENT_ID,
      turns: [{ kind: "first", ordinal: 0, attempt: 0, threadId: THREAD_ID, asked: startedAgo(0) }],
    });
  });

  it("names every id after the turn, so that a second planning names the same", () => {
    const turn = aTurn();
    const prefix = `${THREAD_ID}/turn-0-first/attempt-0`;
    const projectId = projectIdOf(sha256, turn);
    expect(plan.steps.slice(1)).toEqual([
      {
        kind: "create-project",
        commandId: `${prefix}/project`,
        projectId,
        title: "acme/widgets",
        workspaceRoot: "/data/acme__widgets",
      },
      {
        kind: "create-thread",
        commandId: `${prefix}/thread`,
        threadId: THREAD_ID,
        projectId,
        title: "acme/widgets#12: Reject an empty name",
      },
      {
        kind: "start-turn",
        commandId: `${prefix}/start`,
        threadId: THREAD_ID,
        messageId: messageIdOf(turn),
        text: firstPromptOf(input()),
      },
      { kind: "add-label", label: labels.inProgress },
    ]);
    expect(planDispatch(input()).steps).toEqual(plan.steps);
  });

  it("uses the project that stands in the repo's folder, in any case", () => {
    for (const workspaceRoot of [PROJECT.workspaceRoot, "/DATA/Acme__Widgets"]) {
      const projects = [
        { id: "other", workspaceRoot: "/data/else" },
        { ...PROJECT, workspaceRoot },
      ];
      const { steps } = planDispatch(input({ agent: { environmentId: ENVIRONMENT_ID, projects } }));
      expect(kindsOf(steps)).not.toContain("create-project");
      expect(steps).toContainEqual(expect.objectContaining({ projectId: PROJECT.id }));
    }
  });

  it("takes the human label off before the lock label goes on", () => {
    const issue = anIssue({
      labels: [labels.ready, labels.human],
      events: [labeled(labels.human), labeled(labels.ready)],
    });
    expect(planDispatch(input({ issue })).steps.slice(-2)).toEqual([
      { kind: "remove-label", label: labels.human },
      { kind: "add-label", label: labels.inProgress },
    ]);
  });

  it("of an issue whose title is endless keeps the issue's name in the thread's title", () => {
    const issue = anIssue({ title: `${"x".repeat(500)}\n<!-- hidden -->` });
    const step = planDispatch(input({ issue })).steps.find((each) => each.kind === "create-thread");
    expect(step?.title).toMatch(/^acme\/widgets#12: x+…$/);
    expect(step?.title).toHaveLength(120);
  });

  it("of an empty repo has no base", () => {
    const plan = planDispatch(input({ facts: someFacts({ headSha: null }) }));
    expect(plan.record.baseSha).toBeNull();
  });

  it("is never planned without an approval", () => {
    const issue = anIssue({ events: [] });
    expect(() => planDispatch(input({ issue }))).toThrow(
      "acme/widgets#12: dispatched without an approval",
    );
  });
});

describe("a dispatch that was cut short", () => {
  type Row = readonly [name: string, overrides: Partial<DispatchInput>, kinds: readonly string[]];
  const projects = { environmentId: ENVIRONMENT_ID, projects: [PROJECT] };
  const rows: readonly Row[] = [
    [
      "after its record lacks all the rest",
      {},
      ["edit-comment", "create-project", "create-thread", "start-turn", "add-label"],
    ],
    [
      "after its project lacks thread and turn",
      { agent: projects },
      ["edit-comment", "create-thread", "start-turn", "add-label"],
    ],
    [
      "whose thread the server does not know lacks it",
      { agent: projects, threadRead: { kind: "unknown" } },
      ["edit-comment", "create-thread", "start-turn", "add-label"],
    ],
    [
      "after its thread lacks the turn",
      { agent: projects, threadRead: unasked },
      ["edit-comment", "start-turn", "add-label"],
    ],
    [
      "in whose thread only a person wrote lacks the turn",
      { agent: projects, threadRead: steered },
      ["edit-comment", "start-turn", "add-label"],
    ],
    [
      "after its turn was asked for lacks only the label",
      { agent: projects, threadRead: asked },
      ["add-label"],
    ],
    ["after its turn was asked for makes no project either", { threadRead: asked }, ["add-label"]],
  ];
  it.each(rows)("%s", (_name, overrides, kinds) => {
    const plan = planDispatch(input({ issue: begun, ...overrides }));
    expect(kindsOf(plan.steps)).toEqual(kinds);
    expect(plan.commentId).toBe("c0");
  });

  it("asks for its turn as of now, or the grace would be over before it begins", () => {
    const { record, steps } = planDispatch(input({ issue: begun }));
    expect(record.turns).toEqual([{ ...aTurn(), asked: startedAgo(0) }]);
    expect(record.begunAt).toBe(cutShort(anIssue(), MINUTE).begunAt);
    expect(steps[0]).toMatchObject({ kind: "edit-comment", commentId: "c0" });
    expect(steps[0]).toHaveProperty("body", expect.stringContaining(`"asked":{"at":${NOW}`));
  });

  it("keeps the record of a turn that was asked for", () => {
    const { record } = planDispatch(input({ issue: begun, threadRead: asked }));
    expect(record).toEqual(cutShort(anIssue(), MINUTE));
  });

  it("names the same ids as the dispatch that began", () => {
    const start = planDispatch(input()).steps.find((step) => step.kind === "start-turn");
    expect(planDispatch(input({ issue: begun })).steps).toContainEqual(start);
  });

  it("after a refusal names new ids, for the refused ones are used up", () => {
    const refused = countRefusal(cutShort(anIssue(), MINUTE), NOW);
    expect(refused.turns).toEqual([{ ...aTurn(), attempt: 1, asked: startedAgo(0) }]);
    const issue = anIssue({ comments: [bodyOf(refused)] });
    const first = planDispatch(input({ issue: begun }));
    const second = planDispatch(input({ issue }));
    const ids = [first, second].flatMap(({ steps }) =>
      steps.flatMap((step) => ("commandId" in step ? [step.commandId] : [])),
    );
    expect(new Set(ids).size).toBe(6);
    expect(second.steps).toContainEqual(
      expect.objectContaining({ messageId: `${THREAD_ID}/turn-0-first/attempt-1` }),
    );
  });

  it("reads its own record among other runs' comments", () => {
    const other = bodyOf(recordOf(anIssue({ events: [labeled(labels.ready, { id: "earlier" })] })));
    const mine = bodyOf(cutShort(anIssue(), MINUTE));
    const issue = anIssue({ comments: ["Hello", other, mine] });
    expect(planDispatch(input({ issue })).commentId).toBe("c2");
  });

  it("is an error where its record holds no turn", () => {
    const issue = anIssue({ comments: [bodyOf(recordOf(anIssue(), { turns: [] }))] });
    expect(() => planDispatch(input({ issue }))).toThrow("holds no turn");
    expect(countRefusal(recordOf(anIssue(), { turns: [] }), NOW).turns).toEqual([]);
  });
});

describe("the asking for a later turn", () => {
  it("in a thread that stands is the turn alone", () => {
    const agent = { environmentId: ENVIRONMENT_ID, projects: [PROJECT] };
    const turn = aTurn({ ordinal: 2, kind: "corrective" });
    const issue = anIssue();
    const steps = planTurn({ agent, issue, policy, turn, isNewThread: false, text: "Mend it" });
    expect(steps).toEqual([
      {
        kind: "start-turn",
        commandId: `${THREAD_ID}/turn-2-corrective/attempt-0/start`,
        threadId: THREAD_ID,
        messageId: `${THREAD_ID}/turn-2-corrective/attempt-0`,
        text: "Mend it",
      },
    ]);
  });
});

describe("the first prompt", () => {
  it("names the run, the repo's folder and the approved text", () => {
    const prompt = firstPromptOf(input());
    for (const part of [
      `- Run id: ${RUN_ID}`,
      "- Issue: acme/widgets#12",
      `- Issue URL: ${anIssue().url}`,
      `- Clone URL: ${facts.cloneUrl}`,
      "- Default branch: main",
      "- Workspace: /data/acme__widgets",
      `- Approved text sha256: ${hashText(sha256, anIssue())}`,
      "Reject an empty name",
      "The export fails when a name is empty.",
    ]) {
      expect(prompt).toContain(part);
    }
  });

  it("stays within its limit for the longest body", () => {
    const issue = anIssue({ body: "`".repeat(200_000) });
    expect(firstPromptOf(input({ issue })).length).toBeLessThanOrEqual(PROMPT_CHARACTERS_MAX);
  });
});
