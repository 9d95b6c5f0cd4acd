import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  commandIdOf,
  deriveRunId,
  hashText,
  messageIdOf,
  parseMessageId,
  parseThreadId,
  projectIdOf,
  renderThreadLink,
  threadCommandIdOf,
  threadIdOf,
  type TurnName,
  workspaceRootOf,
} from "../../src/pure/identity.ts";
import { aRepo, sha256 } from "./builders.ts";

const anyRunId = fc.stringMatching(/^[0-9a-f]{12}$/);
const anyThreadName = fc.record({
  runId: anyRunId,
  issueNumber: fc.integer({ min: 1, max: 9_999_999_999 }),
  restart: fc.integer({ min: 0, max: 9999 }),
});
const anyTurnName: fc.Arbitrary<TurnName> = fc.record({
  threadId: anyThreadName.map(threadIdOf),
  ordinal: fc.integer({ min: 0, max: 9999 }),
  kind: fc.constantFrom("first", "corrective", "nudge", "restart", "answer"),
  attempt: fc.integer({ min: 0, max: 9999 }),
});

describe("deriveRunId", () => {
  type Of = Parameters<typeof deriveRunId>[1];
  const of: Of = { ref: { repo: aRepo, number: 12 }, repoId: "R_1", approvalEventId: "LE_1" };

  it("gives an approval the same id in every version, or its run would begin anew", () => {
    expect(deriveRunId(sha256, of)).toBe("4b745c717df6");
  });

  const others: ReadonlyArray<readonly [name: string, other: Of]> = [
    ["another tracker", { ...of, ref: { ...of.ref, repo: { ...aRepo, tracker: "forgejo" } } }],
    ["another repo of that name", { ...of, repoId: "R_2" }],
    ["another issue", { ...of, ref: { ...of.ref, number: 13 } }],
    ["another labelling", { ...of, approvalEventId: "LE_2" }],
    [
      "parts that only join to the same text",
      { ...of, repoId: "R_11", ref: { repo: aRepo, number: 2 } },
    ],
  ];
  it.each(others)("%s is another run", (_name, other) => {
    expect(deriveRunId(sha256, other)).not.toBe(deriveRunId(sha256, of));
  });

  it("survives a rename of the repo", () => {
    const renamed = { ...of, ref: { ...of.ref, repo: { ...aRepo, name: "gadgets" } } };
    expect(deriveRunId(sha256, renamed)).toBe(deriveRunId(sha256, of));
  });
});

describe("hashText", () => {
  it("tells a change of title from a change of body", () => {
    const texts = [
      { title: "a", body: "b" },
      { title: "ab", body: "" },
      { title: "", body: "ab" },
      { title: 'a","b', body: "" },
    ];
    expect(new Set(texts.map((text) => hashText(sha256, text))).size).toBe(texts.length);
  });
});

describe("thread ids", () => {
  it("are read back as they were made", () => {
    fc.assert(
      fc.property(anyThreadName, (name) => {
        expect(parseThreadId(threadIdOf(name))).toEqual(name);
      }),
    );
  });

  const foreign: ReadonlyArray<readonly [name: string, id: string]> = [
    ["T3's own", "b7a1f6d2-4c9e-4f7e-9a5e-0d6c5c1f2a3b"],
    ["nothing", ""],
    ["a short run id", "afk-0123456789a-12-0"],
    ["a long run id", "afk-0123456789abc-12-0"],
    ["an upper-case run id", "afk-0123456789AB-12-0"],
    ["an issue 0", "afk-0123456789ab-0-0"],
    ["an issue number with a zero in front", "afk-0123456789ab-012-0"],
    ["no restart", "afk-0123456789ab-12"],
    ["a restart with a zero in front", "afk-0123456789ab-12-00"],
    ["a restart of five digits", "afk-0123456789ab-12-10000"],
    ["something before it", " afk-0123456789ab-12-0"],
    ["something after it", "afk-0123456789ab-12-0\n"],
  ];
  it.each(foreign)("%s is no thread of ours", (_name, id) => {
    expect(parseThreadId(id)).toBeNull();
  });

  it("name the restart up to four digits", () => {
    expect(parseThreadId("afk-0123456789ab-12-9999")?.restart).toBe(9999);
  });
});

describe("message ids", () => {
  it("are read back as they were made", () => {
    fc.assert(
      fc.property(anyTurnName, (turn) => {
        expect(parseMessageId(messageIdOf(turn))).toEqual(turn);
      }),
    );
  });

  const foreign: ReadonlyArray<readonly [name: string, id: string]> = [
    ["a person's", "b7a1f6d2-4c9e-4f7e-9a5e-0d6c5c1f2a3b"],
    ["one of a thread that is not ours", "other/turn-0-first/attempt-0"],
    ["one of no thread", "/turn-0-first/attempt-0"],
    ["one of an unknown kind", "afk-0123456789ab-12-0/turn-0-last/attempt-0"],
    ["one with an ordinal no record takes", "afk-0123456789ab-12-0/turn-10000-first/attempt-0"],
    ["one with an attempt no record takes", "afk-0123456789ab-12-0/turn-0-first/attempt-10000"],
    ["a command's", "afk-0123456789ab-12-0/turn-0-first/attempt-0/start"],
  ];
  it.each(foreign)("%s names no turn", (_name, id) => {
    expect(parseMessageId(id)).toBeNull();
  });
});

describe("command ids", () => {
  const turn: TurnName = {
    threadId: "afk-0123456789ab-12-0",
    ordinal: 1,
    kind: "nudge",
    attempt: 2,
  };

  it("tell every command of every attempt apart", () => {
    const ids = [
      commandIdOf(turn, "start"),
      commandIdOf(turn, "thread"),
      commandIdOf({ ...turn, attempt: 3 }, "start"),
      commandIdOf({ ...turn, ordinal: 2 }, "start"),
      commandIdOf({ ...turn, kind: "answer" }, "start"),
      threadCommandIdOf(turn.threadId, "archive"),
      threadCommandIdOf(turn.threadId, "unarchive"),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe("afk-0123456789ab-12-0/turn-1-nudge/attempt-2/start");
    expect(ids[5]).toBe("afk-0123456789ab-12-0/archive");
  });

  it("create a project under an id of their own, since one that was deleted keeps its id", () => {
    const again = { ...turn, attempt: 3 };
    const nextRun = { ...turn, threadId: "afk-ba9876543210-13-0" };
    const ids = [turn, again, nextRun].map((each) => projectIdOf(sha256, each));
    expect(new Set(ids).size).toBe(3);
    expect(projectIdOf(sha256, { ...turn })).toBe(ids[0]);
    expect(ids[0]).toMatch(/^afk-project-[0-9a-f]{12}$/);
  });
});

describe("workspaceRootOf", () => {
  it("is a folder of its own for each repo", () => {
    expect(workspaceRootOf("/data", aRepo)).toBe("/data/acme__widgets");
    expect(workspaceRootOf("/data//", aRepo)).toBe("/data/acme__widgets");
  });

  it("keeps repos of one name on two trackers apart", () => {
    const forgejo = workspaceRootOf("/data", { ...aRepo, tracker: "forgejo" });
    expect(forgejo).toBe("/data/forgejo__acme__widgets");
  });
});

describe("renderThreadLink", () => {
  const parts = { base: "https://t3.example/", environmentId: "env 1", threadId: "a/b?c" };

  it("fills every placeholder, ids encoded, without a doubled slash", () => {
    const link = renderThreadLink("{base}/{environmentId}/{threadId}#{threadId}", parts);
    expect(link).toBe("https://t3.example/env%201/a%2Fb%3Fc#a%2Fb%3Fc");
  });

  it("leaves other braces alone", () => {
    expect(renderThreadLink("{base}/{other}", parts)).toBe("https://t3.example/{other}");
  });

  it("takes a value as it is, whatever it looks like", () => {
    const base = "https://t3.example/$&/{threadId}";
    expect(renderThreadLink("{base}/{threadId}", { ...parts, base })).toBe(`${base}/a%2Fb%3Fc`);
  });

  it("never throws for an id that is no text", () => {
    const broken = { ...parts, environmentId: "\ud800", threadId: "\udc00" };
    expect(renderThreadLink("{environmentId}{threadId}", broken)).toBe("%EF%BF%BD%EF%BF%BD");
  });
});
