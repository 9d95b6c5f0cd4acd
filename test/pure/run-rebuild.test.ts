import { describe, expect, it } from "vitest";

import { hashText, messageIdOf } from "../../src/pure/identity.ts";
import { newTurn, RunRecordSchema } from "../../src/pure/run-record.ts";
import { isOrphan, orphanRecord, rebuildRecord } from "../../src/pure/run-rebuild.ts";
import type { ThreadMessage, ThreadRead } from "../../src/pure/thread.ts";
import {
  ago,
  anIssue,
  aThreadDetail,
  ENVIRONMENT_ID,
  HOUR,
  type IssueOverrides,
  labeled,
  labels,
  maria,
  MINUTE,
  NOW,
  RUN_ID,
  sha256,
  someFacts,
  startedAgo,
  THREAD_ID,
  unlabeled,
} from "./builders.ts";

const common = {
  repoId: someFacts().id,
  environmentId: ENVIRONMENT_ID,
  labels,
  sha256,
  now: NOW,
};

function rebuild(thread: ThreadRead, issue: IssueOverrides = {}) {
  return rebuildRecord({ ...common, issue: anIssue(issue), runId: RUN_ID, thread });
}

function message(id: string): ThreadMessage {
  return { id, role: "user", text: "", at: ago(MINUTE) };
}

function readWith(...ids: readonly string[]): ThreadRead {
  return { kind: "read", detail: aThreadDetail({ messages: ids.map(message) }) };
}

const UNKNOWN = {
  eventId: "unknown",
  actor: { id: "unknown", login: "unknown" },
  at: "",
  textHash: "",
};

describe("a record that is rebuilt", () => {
  it("is one that can be read, in the watcher's hands, with all attempts spent", () => {
    const record = rebuild({ kind: "unknown" });
    expect(RunRecordSchema.parse(record)).toEqual(record);
    expect(record).toMatchObject({
      issue: "acme/widgets#12",
      runId: RUN_ID,
      state: "watching",
      isRebuilt: true,
      begunAt: NOW,
      baseSha: null,
      lockedAt: null,
      verdict: null,
      environmentId: ENVIRONMENT_ID,
    });
  });

  const corrective = { threadId: THREAD_ID, ordinal: 2, kind: "corrective", attempt: 1 } as const;
  const first = { threadId: THREAD_ID, ordinal: 0, kind: "first", attempt: 0 } as const;
  const elsewhere = `${THREAD_ID.slice(0, -1)}3`;
  const empty = aThreadDetail({ id: elsewhere, messages: [message("a person's")] });
  const rows: ReadonlyArray<
    readonly [name: string, thread: ThreadRead, turn: typeof corrective | object]
  > = [
    [
      "the newest that its thread was asked for",
      readWith(messageIdOf(first), "a person's", messageIdOf(corrective), "the agent's"),
      corrective,
    ],
    ["the first, where the server knows no thread", { kind: "unknown" }, first],
    ["the first, where the thread cannot be read", { kind: "unreadable", why: "" }, first],
    [
      "the first of the thread that was read, where nothing was asked for yet",
      { kind: "read", detail: empty },
      { ...first, threadId: elsewhere },
    ],
  ];
  it.each(rows)("takes for its turn %s", (_name, thread, turn) => {
    const asked = startedAgo(0);
    expect(rebuild(thread).turns).toEqual([newTurn({ ...first, ...turn, asked })]);
  });

  it("finds its approval again by the run id", () => {
    const events = [
      unlabeled(labels.ready, { id: "earlier" }),
      labeled(labels.ready),
      unlabeled(labels.ready, { id: "off" }),
      labeled(labels.ready, { id: "again" }),
    ];
    expect(rebuild({ kind: "unknown" }, { events }).approval).toEqual({
      eventId: "labeled-ready-for-agent",
      actor: { id: maria.id, login: maria.login },
      at: ago(HOUR),
      textHash: hashText(sha256, anIssue()),
    });
  });

  it("takes no text for approved that was edited since", () => {
    const { approval } = rebuild({ kind: "unknown" }, { bodyEditedAt: ago(MINUTE) });
    expect(approval).toMatchObject({ eventId: "labeled-ready-for-agent", textHash: "" });
  });

  it("has an unknown approval, which no event equals, when the history shows it no more", () => {
    const events = [labeled(labels.ready, { id: "another" })];
    expect(rebuild({ kind: "unknown" }, { events }).approval).toEqual(UNKNOWN);
  });
});

describe("the record of an orphan", () => {
  const events = [labeled(labels.inProgress, { id: "on" })];
  const issue = anIssue({ labels: [labels.inProgress], events });
  const record = orphanRecord({ ...common, issue });

  it("is one that can be read, with its verdict and no turn", () => {
    expect(RunRecordSchema.parse(record)).toEqual(record);
    expect(record).toMatchObject({
      state: "watching",
      turns: [],
      approval: { eventId: "orphan:on" },
    });
    expect(record.verdict).toMatchObject({ kind: "needs-human", because: "orphan", at: NOW });
    expect(record.verdict?.detail).toContain("an agent may still be working on it");
  });

  it("is known for one, and a run's for none", () => {
    expect([isOrphan(record), isOrphan(rebuild({ kind: "unknown" }))]).toEqual([true, false]);
  });

  it("has the same run id at every tick, so that it is handed over once", () => {
    const later = orphanRecord({ ...common, issue, now: NOW + HOUR });
    expect(later.runId).toBe(record.runId);
  });

  it("has another run id when the label was put on again, and is no run of an approval", () => {
    const again = anIssue({ events: [...events, labeled(labels.inProgress, { id: "again" })] });
    const other = orphanRecord({ ...common, issue: again });
    const readyLike = anIssue({ events: [labeled(labels.ready, { id: "on" })] });
    expect(new Set([record.runId, other.runId, RUN_ID]).size).toBe(3);
    expect(orphanRecord({ ...common, issue: readyLike }).approval.eventId).toBe("orphan:unknown");
  });
});
