import { describe, expect, it } from "vitest";

import {
  approvalOf,
  findReadyEvent,
  hasLabel,
  isEditedSince,
  isPerson,
  isSameLabel,
  newestLabelEvent,
  orderOf,
} from "../../src/pure/approval.ts";
import { hashText } from "../../src/pure/identity.ts";
import type { Actor, IssueEvent } from "../../src/pure/issue.ts";
import {
  ago,
  anIssue,
  HOUR,
  type IssueOverrides,
  labeled,
  labels,
  maria,
  MINUTE,
  own,
  ownActor,
  renamed,
  sha256,
  transferred,
  unlabeled,
} from "./builders.ts";

describe("labels", () => {
  it("are one label in any case", () => {
    expect(isSameLabel("Ready-For-Agent", labels.ready)).toBe(true);
    expect(isSameLabel("ready", labels.ready)).toBe(false);
    const issue = anIssue({ labels: ["bug", "READY-for-agent"] });
    expect(hasLabel(issue, labels.ready)).toBe(true);
    expect(hasLabel(issue, labels.paused)).toBe(false);
  });

  it("are found in the history by their newest event, on or off", () => {
    const events = [
      labeled("x", { id: "1" }),
      unlabeled("X", { id: "2" }),
      labeled("y", { id: "3" }),
      renamed({ id: "4" }),
    ];
    expect(newestLabelEvent(anIssue({ events }), "x")?.id).toBe("2");
    expect(newestLabelEvent(anIssue({ events }), "Y")?.id).toBe("3");
    expect(newestLabelEvent(anIssue({ events }), "z")).toBeNull();
  });

  it("have a place in the history though they share a second", () => {
    const issue = anIssue({ events: [labeled("x", { id: "1" }), labeled("y", { id: "2" })] });
    expect(orderOf(issue, "2")).toBeGreaterThan(orderOf(issue, "1"));
    expect(orderOf(issue, "absent")).toBe(-1);
  });
});

describe("findReadyEvent", () => {
  const first = labeled(labels.ready, { id: "first" });
  const off = unlabeled(labels.ready, { id: "off" });
  const again = labeled("Ready-for-Agent", { id: "again" });
  const moved = transferred({ id: "moved" });
  const rows: ReadonlyArray<readonly [name: string, events: IssueEvent[], id: string | null]> = [
    ["the labelling that made the issue ready", [first], "first"],
    ["none in an empty history", [], null],
    ["none when the label was taken off", [first, off], null],
    ["the newest, when it was put on again", [first, off, again], "again"],
    ["the newest, without an event of its taking off", [first, again], "again"],
    ["none from before a transfer", [first, moved], null],
    ["one from after a transfer", [first, moved, off, again], "again"],
    ["one though other labels came later", [first, labeled("bug")], "first"],
  ];
  it.each(rows)("finds %s", (_name, events, id) => {
    expect(findReadyEvent(anIssue({ events }), labels.ready)?.id ?? null).toBe(id);
  });
});

describe("isEditedSince", () => {
  const at = "2026-03-01T11:00:00Z";
  const event = labeled(labels.ready, { at });
  const rows: ReadonlyArray<readonly [name: string, issue: IssueOverrides, edited: boolean]> = [
    ["never edited", {}, false],
    ["a body edited a second before", { bodyEditedAt: "2026-03-01T10:59:59Z" }, false],
    ["a body edited in the same second", { bodyEditedAt: at }, true],
    [
      "a body edited in a fraction of that second",
      { bodyEditedAt: "2026-03-01T11:00:00.5Z" },
      true,
    ],
    ["a body edited a second after", { bodyEditedAt: "2026-03-01T11:00:01Z" }, true],
    ["a body edited at a time nobody can read", { bodyEditedAt: "lately" }, true],
    [
      "a title changed a second before",
      { events: [renamed({ at: "2026-03-01T10:59:59Z" })] },
      false,
    ],
    ["a title changed in the same second", { events: [renamed({ at })] }, true],
    ["a title changed after", { events: [event, renamed({ at: "2026-03-01T11:00:01Z" })] }, true],
    ["another label later", { events: [event, labeled("bug", { at: ago(MINUTE) })] }, false],
  ];
  it.each(rows)("%s", (_name, issue, edited) => {
    expect(isEditedSince(anIssue(issue), event)).toBe(edited);
  });

  it("counts as edited when the labelling's own time cannot be read", () => {
    const unread = labeled(labels.ready, { at: "lately" });
    expect(isEditedSince(anIssue({ bodyEditedAt: ago(HOUR) }), unread)).toBe(true);
    expect(isEditedSince(anIssue(), unread)).toBe(false);
  });
});

describe("approvalOf", () => {
  it("names event, actor, time and the text as it stands", () => {
    const issue = anIssue();
    const event = labeled(labels.ready, { id: "LE_1", at: ago(HOUR) });
    expect(approvalOf(sha256, issue, event)).toEqual({
      eventId: "LE_1",
      actor: { id: maria.id, login: maria.login },
      at: ago(HOUR),
      textHash: hashText(sha256, issue),
    });
  });

  it("names nobody when the tracker does", () => {
    const event = labeled(labels.ready, { actor: { kind: "unknown" } });
    const { actor } = approvalOf(sha256, anIssue(), event);
    expect(actor).toEqual({ id: "unknown", login: "unknown" });
  });
});

describe("isPerson", () => {
  const machines = { ownId: own.id, agentActors: ["55", "Helper-Bot"] };
  const rows: ReadonlyArray<readonly [name: string, actor: Actor, person: boolean]> = [
    ["somebody with an account is one", maria, true],
    ["somebody unknown is one", { kind: "unknown" }, true],
    ["afk itself is none", ownActor, false],
    ["afk itself is none under a new name", { ...maria, id: own.id }, false],
    ["an agent listed by id is none", { ...maria, id: "55" }, false],
    ["an agent listed by login is none, in any case", { ...maria, login: "helper-bOT" }, false],
    ["a bot that is not listed is one", { ...maria, isBot: true }, true],
  ];
  it.each(rows)("%s", (_name, actor, person) => {
    expect(isPerson(actor, machines)).toBe(person);
  });
});
