import { describe, expect, it } from "vitest";
import { isDueForArchive, isThreadDone } from "../../src/pure/archive.ts";
import type { ThreadSummary } from "../../src/pure/thread.ts";
import {
  ago,
  anIssue,
  aRecord,
  aSession,
  aThread,
  aVerdict,
  bodyOf,
  HOUR,
  type IssueOverrides,
  labels,
  NOW,
  RUN_ID,
} from "./builders.ts";

describe("a thread is due for the archive", () => {
  const idle = aSession({ status: "ready", hasActiveTurn: false });
  const rows: ReadonlyArray<
    readonly [name: string, thread: Partial<ThreadSummary>, after: number, isDue: boolean]
  > = [
    ["once it rested longer than asked for", { updatedAt: ago(HOUR + 1) }, HOUR, true],
    ["not yet at the limit itself", { updatedAt: ago(HOUR) }, HOUR, false],
    ["never where 0 is asked for", { updatedAt: ago(HOUR) }, 0, false],
    ["not while it is live", { updatedAt: ago(HOUR + 1), session: aSession() }, HOUR, false],
    ["not when it is there", { updatedAt: ago(HOUR + 1), presence: "archived" }, HOUR, false],
    ["not when it is deleted", { updatedAt: ago(HOUR + 1), presence: "deleted" }, HOUR, false],
    ["not when its time cannot be read", { updatedAt: "lately" }, HOUR, false],
  ];
  it.each(rows)("%s", (_name, thread, archiveAfterMs, isDue) => {
    const clock = { now: NOW, archiveAfterMs };
    expect(isDueForArchive(aThread({ session: idle, ...thread }), clock)).toBe(isDue);
  });
});

describe("a thread is done with", () => {
  const thread = aThread({ id: `afk-${RUN_ID}-12-0` });
  const concluded = bodyOf(aRecord({ verdict: aVerdict() }));
  const truncated = { kind: "truncated" as const, comments: [{ id: "c0", body: concluded }] };
  const damaged = `<!-- afk:run=${RUN_ID} -->\nno record`;
  const rows: ReadonlyArray<readonly [name: string, issue: IssueOverrides, isDone: boolean]> = [
    ["when its run has its verdict", { comments: [concluded] }, true],
    ["when its record is gone", { comments: ["Thanks!"] }, true],
    ["not while its run goes on", { comments: [bodyOf(aRecord())] }, false],
    [
      "not while the lock label is on",
      { labels: [labels.inProgress], comments: [concluded] },
      false,
    ],
    ["not when some comments were not read", { ownComments: truncated }, false],
    ["not when its record cannot be read", { comments: [damaged] }, false],
  ];
  it.each(rows)("%s", (_name, issue, isDone) => {
    const seen = anIssue({ labels: [], ...issue });
    expect(isThreadDone(thread, seen, labels.inProgress)).toBe(isDone);
  });
});
