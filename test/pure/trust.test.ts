import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { ActingApp, Actor, Permission } from "../../src/pure/issue.ts";
import { decideTrust, type TrustQuestion } from "../../src/pure/trust.ts";

const OWN = { id: "900", login: "afk-bot" };

type Given = {
  readonly actor?: Partial<Extract<Actor, { kind: "account" }>> | "unknown";
  readonly intent?: boolean;
  readonly permission?: Permission;
  readonly trusted?: readonly string[];
  readonly agents?: readonly string[];
  readonly app?: ActingApp;
};

function question(given: Given): TrustQuestion {
  const person = { kind: "account", id: "7", login: "Maria", isBot: false } as const;
  const actor: Actor =
    given.actor === "unknown" ? { kind: "unknown" } : { ...person, ...given.actor };
  return {
    event: {
      kind: "labeled",
      id: "LE_1",
      at: "2026-01-01T00:00:00Z",
      label: "ready-for-agent",
      actor,
      isByIntent: given.intent ?? false,
    },
    permission: given.permission ?? "none",
    policy: { trustedActors: given.trusted ?? [], agentActors: given.agents ?? [] },
    ownAccount: OWN,
    app: given.app ?? null,
  };
}

const bot = { id: "55", login: "helper[bot]", isBot: true } as const;
const NO_WRITE = "whoever set the label may not write to the repo";
const AGENT = "the label was set by an account agents use";
const OURS = "the label was set by afk's own account";
const NOBODY = "nobody is named as the one who set the label";
const BOT = "the label was set by a bot whose account id is not listed";
const INTENT = "the label was set by an agent on somebody's behalf";
const UNREAD = "what whoever set the label may do in the repo could not be read";

type Row = readonly [name: string, given: Given, want: string];

const rows: readonly Row[] = [
  // A person, by permission.
  ["a person with admin is trusted", { permission: "admin" }, "trusted"],
  ["a person with write is trusted", { permission: "write" }, "trusted"],
  ["a person with read is not", { permission: "read" }, NO_WRITE],
  ["a stranger is not", { permission: "none" }, NO_WRITE],
  ["a permission that cannot be read is none", { permission: "unreadable" }, UNREAD],
  // A person, listed.
  ["a person listed by id needs no permission", { trusted: ["7"] }, "trusted"],
  ["a person listed by login needs no permission", { trusted: ["Maria"] }, "trusted"],
  ["a login is listed in any case", { trusted: ["mARIA"] }, "trusted"],
  ["the list may be long", { trusted: ["x", "8", "maria"] }, "trusted"],
  [
    "a listed person is trusted though the permission is unreadable",
    { trusted: ["7"], permission: "unreadable" },
    "trusted",
  ],
  ["a listed person is trusted with read", { trusted: ["maria"], permission: "read" }, "trusted"],
  ["another id is another person", { trusted: ["77"] }, NO_WRITE],
  ["part of a login is another person", { trusted: ["Mari", "Mariana"] }, NO_WRITE],
  ["an id with a zero in front is another id", { trusted: ["07"] }, NO_WRITE],
  [
    "a login of digits is no listed id",
    { actor: { id: "666", login: "7" }, trusted: ["7"] },
    NO_WRITE,
  ],
  [
    "a foreign letter that folds into a login is another login",
    { actor: { login: "\u212Aata" }, trusted: ["kata"] },
    NO_WRITE,
  ],
  ["an empty entry lists nobody", { actor: { id: "", login: "x" }, trusted: [""] }, NO_WRITE],
  [
    "a listed person beside an unrelated agent is trusted",
    { trusted: ["7"], agents: ["9"] },
    "trusted",
  ],
  // Agents' accounts.
  ["an agent by id is not, admin or not", { permission: "admin", agents: ["7"] }, AGENT],
  ["an agent by login is not, admin or not", { permission: "admin", agents: ["Maria"] }, AGENT],
  ["an agent by login in another case is not", { permission: "write", agents: ["MARIA"] }, AGENT],
  [
    "an agent listed as trusted by id is still an agent",
    { trusted: ["7"], agents: ["maria"] },
    AGENT,
  ],
  [
    "an agent listed as trusted by login is still an agent",
    { trusted: ["maria"], agents: ["7"] },
    AGENT,
  ],
  [
    "a bot that agents use is not, listed or not",
    { actor: bot, trusted: ["55"], agents: ["helper[bot]"] },
    AGENT,
  ],
  [
    "an agent whose login is digits is recognised",
    { actor: { login: "123" }, permission: "admin", agents: ["123"] },
    AGENT,
  ],
  ["another agent's id stops nobody", { permission: "write", agents: ["8"] }, "trusted"],
  ["part of an agent's login stops nobody", { permission: "write", agents: ["Mari"] }, "trusted"],
  // Our own account.
  [
    "our own account by id is not, admin or not",
    { actor: { id: "900" }, permission: "admin" },
    OURS,
  ],
  ["our own account by login is not", { actor: { login: "afk-bot" }, permission: "admin" }, OURS],
  [
    "our own login in another case is not",
    { actor: { login: "AFK-Bot" }, permission: "admin" },
    OURS,
  ],
  ["our own account listed as trusted is not", { actor: OWN, trusted: ["900", "afk-bot"] }, OURS],
  [
    "our own account as a bot listed by id is not",
    { actor: { ...OWN, isBot: true }, trusted: ["900"] },
    OURS,
  ],
  [
    "our own account is named as ours even when it is an agent's",
    { actor: OWN, agents: ["900"] },
    OURS,
  ],
  // Nobody.
  ["nobody is not", { actor: "unknown" }, NOBODY],
  ["nobody is not, with admin", { actor: "unknown", permission: "admin" }, NOBODY],
  ["nobody is not, on a list of everybody", { actor: "unknown", trusted: ["unknown", ""] }, NOBODY],
  // Bots.
  ["a bot is not, with admin", { actor: bot, permission: "admin" }, BOT],
  ["a bot is not, with write", { actor: bot, permission: "write" }, BOT],
  ["a bot is not, with read", { actor: bot, permission: "read" }, BOT],
  ["a bot listed by id is trusted", { actor: bot, trusted: ["55"] }, "trusted"],
  [
    "a bot listed by id is trusted whatever its permission",
    { actor: bot, trusted: ["55"], permission: "unreadable" },
    "trusted",
  ],
  ["a bot listed by login is not", { actor: bot, trusted: ["helper[bot]"] }, BOT],
  [
    "a bot without the suffix, listed by login, is not",
    { actor: { ...bot, login: "helper" }, trusted: ["helper"] },
    BOT,
  ],
  [
    "a bot whose login is a listed id is not",
    { actor: { ...bot, login: "7" }, trusted: ["7"] },
    BOT,
  ],
  [
    "a person whose login ends like a bot's is a person",
    { actor: { login: "x[bot]" }, permission: "write" },
    "trusted",
  ],
  [
    "a person whose login ends like a bot's gains nothing",
    { actor: { login: "x[bot]" } },
    NO_WRITE,
  ],
  // Labels put on by an agent.
  ["a label by intent is not, with admin", { intent: true, permission: "admin" }, INTENT],
  ["a label by intent is not, with write", { intent: true, permission: "write" }, INTENT],
  ["a label by intent is not, listed by login", { intent: true, trusted: ["maria"] }, INTENT],
  [
    "a label by intent is trusted when its account is listed by id",
    { intent: true, trusted: ["7"] },
    "trusted",
  ],
  ["a bot's label by intent is not", { actor: bot, intent: true, permission: "admin" }, INTENT],
  [
    "a bot's label by intent is trusted when listed by id",
    { actor: bot, intent: true, trusted: ["55"] },
    "trusted",
  ],
  [
    "an agent's label by intent is not, listed or not",
    { intent: true, trusted: ["7"], agents: ["7"] },
    AGENT,
  ],
];

describe("whose label starts work", () => {
  it.each(rows)("%s", (_name, given, want) => {
    const decision = decideTrust(question(given));
    expect(decision).toEqual(
      want === "trusted" ? { kind: "trusted" } : { kind: "untrusted", because: want },
    );
  });
});

const entry = fc.constantFrom("7", "55", "900", "maria", "helper[bot]", "afk-bot", "x");
const anyGiven: fc.Arbitrary<Given> = fc.record({
  actor: fc.constantFrom({}, bot, { ...OWN }, "unknown" as const, { login: "900" }),
  intent: fc.boolean(),
  permission: fc.constantFrom<Permission>("admin", "write", "read", "none", "unreadable"),
  trusted: fc.array(entry, { maxLength: 3 }),
  agents: fc.array(entry, { maxLength: 2 }),
});

it("naming one more agent never makes anybody trusted", () => {
  fc.assert(
    fc.property(anyGiven, entry, (given, agent) => {
      const before = decideTrust(question(given));
      const after = decideTrust(question({ ...given, agents: [...(given.agents ?? []), agent] }));
      expect(after.kind === "untrusted" || before.kind === "trusted").toBe(true);
    }),
  );
});

it("without a list only a person who may write is trusted", () => {
  fc.assert(
    fc.property(anyGiven, (given) => {
      const asked = question({ ...given, trusted: [] });
      fc.pre(decideTrust(asked).kind === "trusted");
      const { actor, isByIntent } = asked.event;
      const isPerson = actor.kind === "account" && !actor.isBot && !isByIntent;
      expect(isPerson).toBe(true);
      expect(["admin", "write"]).toContain(asked.permission);
    }),
  );
});
