import { describe, expect, it } from "vitest";

import type { IssueEvent } from "../../src/pure/issue.ts";
import { isReleased } from "../../src/pure/released.ts";
import {
  ago,
  anIssue,
  labeled,
  labels,
  MINUTE,
  NOW,
  own,
  ownActor,
  SECOND,
  unlabeled,
} from "./builders.ts";

const off = unlabeled(labels.inProgress, { actor: ownActor, at: ago(MINUTE) });
const on = labeled(labels.inProgress, { actor: ownActor, at: ago(MINUTE) });
const at = NOW - MINUTE;

type Given = {
  readonly events: readonly IssueEvent[];
  readonly from?: number;
  readonly until?: number;
  readonly labels?: readonly string[];
};

function ask(given: Given): boolean {
  const issue = anIssue({ labels: given.labels ?? [], events: given.events });
  const span = { from: given.from ?? 0, until: given.until ?? null };
  return isReleased(issue, { inProgress: labels.inProgress, ownId: own.id, span });
}

describe("a run is released", () => {
  const rows: ReadonlyArray<readonly [name: string, given: Given, want: boolean]> = [
    ["when our account took the label off", { events: [on, off] }, true],
    ["whatever the case of the label", { events: [{ ...off, label: "Agent-In-Progress" }] }, true],
    ["not when nobody ever put it on", { events: [] }, false],
    ["not when it was put on again", { events: [off, on] }, false],
    ["not by a person", { events: [unlabeled(labels.inProgress)] }, false],
    ["not by nobody", { events: [{ ...off, actor: { kind: "unknown" } }] }, false],
    ["not by another label", { events: [{ ...off, label: labels.ready }] }, false],
    ["not while the label is on", { events: [off], labels: [labels.inProgress] }, false],
    ["in the second in which it began", { events: [off], from: at + 999 }, true],
    ["not in the second before", { events: [off], from: at + SECOND }, false],
    ["not at a time that cannot be read", { events: [{ ...off, at: "soon" }], from: at }, false],
    ["before what followed it", { events: [off], until: at + SECOND }, true],
    ["not in the second in which that began", { events: [off], until: at + 999 }, false],
    [
      "though what followed it was locked",
      { events: [off, { ...on, at: ago(0) }], until: NOW },
      true,
    ],
    [
      "though the label of what followed it is on",
      { events: [off], until: NOW, labels: [labels.inProgress] },
      true,
    ],
  ];
  it.each(rows)("%s", (_name, given, want) => {
    expect(ask(given)).toBe(want);
  });
});
