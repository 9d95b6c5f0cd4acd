import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decideDispatches, type PollDecision } from "../../src/pure/dispatch-policy.ts";
import type { ActingApp, Actor, IssueEvent, Permission } from "../../src/pure/issue.ts";
import {
  ago,
  anIssue,
  aPollPolicy,
  aPollSeen,
  aRepoSeen,
  HOUR,
  type IssueOverrides,
  labeled,
  labels,
  maria,
  own,
  renamed,
  SECOND,
  transferred,
  unlabeled,
} from "./builders.ts";

type Account = Extract<Actor, { kind: "account" }>;

/** One candidate: who labelled it and how, and what is known and listed. Maria by her own hand unless it says so. */
type Given = {
  readonly by?: Actor;
  readonly isByIntent?: boolean;
  readonly permission?: Permission;
  /** `not-asked` leaves open through which App the label came. */
  readonly app?: ActingApp | "not-asked";
  readonly trusted?: readonly string[];
  readonly agents?: readonly string[];
  readonly before?: readonly IssueEvent[];
  readonly after?: readonly IssueEvent[];
  readonly issue?: IssueOverrides;
};

const NO_APP: ActingApp = { kind: "none" };
const SOME_APP: ActingApp = { kind: "app", id: "321", slug: "triage" };
const UNREAD_APP: ActingApp = { kind: "unreadable", why: "too many events" };

const bot: Account = { kind: "account", id: "55", login: "triage[bot]", isBot: true };
const actions: Account = {
  kind: "account",
  id: "41898282",
  login: "github-actions[bot]",
  isBot: true,
};
/** An App's account whose login does not tell so. */
const suffixless: Account = { kind: "account", id: "198982749", login: "Copilot", isBot: true };
const stranger: Account = { ...maria, id: "666", login: "stranger" };
const ghost: Actor = { kind: "unknown" };

function decide(given: Given): PollDecision | undefined {
  const { by = maria, isByIntent = false, permission = "write", app = NO_APP } = given;
  const ready = labeled(labels.ready, { id: "approval", actor: by, isByIntent });
  const issue = anIssue({
    events: [...(given.before ?? []), ready, ...(given.after ?? [])],
    ...given.issue,
  });
  const permissions = new Map(by.kind === "account" ? [[by.id, permission]] : []);
  const actingApps = new Map(app === "not-asked" ? [] : [["approval", app]]);
  const seen = aPollSeen([aRepoSeen([issue], { permissions })], { actingApps });
  const trust = { trustedActors: given.trusted ?? [], agentActors: given.agents ?? [] };
  return decideDispatches(seen, aPollPolicy({ trust }))[0]?.decision;
}

function answer(given: Given): string {
  const decision = decide(given);
  return decision?.kind === "hold" ? decision.because : (decision?.kind ?? "none");
}

const STARTS = "dispatch";
const NOT = "untrusted-labeler";
const EDITED = "edited-after-approval";
const NONE = "approval-not-found";

type Row = readonly [name: string, given: Given, want: string];

const people: readonly Row[] = [
  ["a person who may write starts work", {}, STARTS],
  ["a person who administers starts work", { permission: "admin" }, STARTS],
  ["a role of one's own that rests on write starts work", { permission: "write" }, STARTS],
  ["a role of one's own that rests on read does not", { permission: "read" }, NOT],
  [
    "triage does not, though it may label: it is read with a right more",
    { permission: "read" },
    NOT,
  ],
  ["reading a public repo, as everybody does, starts nothing", { permission: "read" }, NOT],
  ["an account that is no collaborator starts nothing", { permission: "none" }, NOT],
  ["a permission that was not read starts nothing", { permission: "unreadable" }, NOT],
  [
    "an issue form labels for the stranger who fills it in: nothing starts",
    { by: stranger, permission: "none" },
    NOT,
  ],
  [
    "an issue form labels for a reader who fills it in: nothing starts",
    { by: stranger, permission: "read" },
    NOT,
  ],
  ["an issue form labels for a maintainer who fills it in: that is their word", {}, STARTS],
  ["a deleted account starts nothing", { by: ghost }, NOT],
  [
    "a deleted account starts nothing, whoever is listed",
    { by: ghost, trusted: ["ghost", "10137", "unknown"] },
    NOT,
  ],
  [
    "a renamed account keeps its word by its id",
    { by: { ...maria, login: "mary" }, permission: "none", trusted: [maria.id] },
    STARTS,
  ],
  [
    "whoever registers a listed person's id as a login starts nothing",
    { by: { ...stranger, login: maria.id }, permission: "none", trusted: [maria.id] },
    NOT,
  ],
  [
    "whoever registers an App's entry as a login starts nothing",
    { by: { ...stranger, login: "app:321" }, permission: "none", trusted: ["app:321"] },
    NOT,
  ],
  [
    "an account whose id is an App's starts nothing",
    { by: { ...stranger, id: "321" }, permission: "none", trusted: ["app:321"] },
    NOT,
  ],
];

const machines: readonly Row[] = [
  ["a workflow's label starts nothing", { by: actions, permission: "write" }, NOT],
  ["a bot starts nothing, whatever it may do", { by: bot, permission: "admin" }, NOT],
  ["a bot without the suffix starts nothing", { by: suffixless, permission: "admin" }, NOT],
  ["a bot listed by its look starts nothing", { by: bot, trusted: ["triage[bot]"] }, NOT],
  [
    "a bot without the suffix listed by login starts nothing",
    { by: suffixless, trusted: ["copilot"] },
    NOT,
  ],
  ["a person with a bot's look is a person", { by: { ...maria, login: "x[bot]" } }, STARTS],
  [
    "a stranger with a bot's look gains nothing",
    { by: { ...stranger, login: "triage[bot]" }, permission: "none", trusted: ["55"] },
    NOT,
  ],
  [
    "a listed bot starts work through its own App",
    { by: bot, trusted: ["55"], app: SOME_APP },
    STARTS,
  ],
  ["a listed bot starts work where no App is told", { by: bot, trusted: ["55"] }, STARTS],
  [
    "a listed bot's own App is known in any case",
    { by: bot, trusted: ["55"], app: { ...SOME_APP, slug: "Triage" } },
    STARTS,
  ],
  [
    "a listed bot through another App starts nothing",
    { by: actions, trusted: ["41898282"], app: SOME_APP },
    NOT,
  ],
  [
    "a listed bot through another App that is listed starts work",
    { by: actions, trusted: ["41898282", "app:321"], app: SOME_APP },
    STARTS,
  ],
  [
    "a listed bot without the suffix needs its App listed",
    {
      by: suffixless,
      trusted: ["198982749"],
      app: { kind: "app", id: "1143301", slug: "copilot-swe-agent" },
    },
    NOT,
  ],
  [
    "a listed bot without the suffix whose App is listed starts work",
    {
      by: suffixless,
      trusted: ["198982749", "app:1143301"],
      app: { kind: "app", id: "1143301", slug: "copilot-swe-agent" },
    },
    STARTS,
  ],
  [
    "a bot is not trusted for its App alone",
    { by: bot, trusted: ["app:321"], app: SOME_APP, permission: "admin" },
    NOT,
  ],
  [
    "a label by intent in a person's name starts nothing",
    { isByIntent: true, permission: "admin" },
    NOT,
  ],
  [
    "a label by intent is not trusted for its App alone",
    { isByIntent: true, trusted: ["app:321"], app: SOME_APP },
    NOT,
  ],
  [
    "a label by intent of a listed account still needs its App listed",
    { isByIntent: true, trusted: [maria.id], app: SOME_APP },
    NOT,
  ],
  [
    "an account agents use starts nothing",
    { agents: ["maria"], permission: "admin", trusted: [maria.id] },
    NOT,
  ],
  [
    "an account agents use starts nothing through a listed App",
    { agents: [maria.id], trusted: ["app:321"], app: SOME_APP },
    NOT,
  ],
  [
    "afk's own account starts nothing",
    { by: { ...maria, id: own.id }, permission: "admin", trusted: [own.id] },
    NOT,
  ],
  [
    "afk's own account starts nothing through a listed App",
    { by: { ...maria, id: own.id }, trusted: ["app:321"], app: SOME_APP },
    NOT,
  ],
];

const apps: readonly Row[] = [
  ["an App in a person's name starts nothing", { app: SOME_APP }, NOT],
  ["an App in an administrator's name starts nothing", { app: SOME_APP, permission: "admin" }, NOT],
  [
    "an App in a listed person's name starts nothing",
    { app: SOME_APP, trusted: [maria.id, "maria"] },
    NOT,
  ],
  ["a listed App in a person's name starts work", { app: SOME_APP, trusted: ["app:321"] }, STARTS],
  [
    "a listed App in a reader's name starts nothing",
    { app: SOME_APP, trusted: ["app:321"], permission: "read" },
    NOT,
  ],
  [
    "an App is not listed by the number alone, which is an account's",
    { app: SOME_APP, trusted: ["321"] },
    NOT,
  ],
  [
    "an App is not listed by its slug",
    { app: SOME_APP, trusted: ["triage", "triage[bot]", "app:triage"] },
    NOT,
  ],
  [
    "an App is not listed by a part of its id",
    { app: SOME_APP, trusted: ["app:32", "app:3210"] },
    NOT,
  ],
  [
    "an App with a person's login for its slug starts nothing",
    { app: { ...SOME_APP, slug: "maria" } },
    NOT,
  ],
  [
    "a person who looks like the App's bot starts nothing through it",
    { by: { ...maria, login: "triage[bot]" }, app: SOME_APP },
    NOT,
  ],
  ["an App that could not be read starts nothing", { app: UNREAD_APP }, NOT],
  [
    "an App that could not be read starts nothing, whoever is listed",
    { app: UNREAD_APP, trusted: [maria.id, "app:321"] },
    NOT,
  ],
  [
    "a listed bot whose App could not be read starts nothing",
    { by: bot, trusted: ["55"], app: UNREAD_APP },
    NOT,
  ],
  ["an App nobody asked about is still to be asked about", { app: "not-asked" }, STARTS],
  [
    "an App nobody asked about trusts nobody the more",
    { app: "not-asked", permission: "read" },
    NOT,
  ],
];

const edit = (ms: number): Given => ({ issue: { bodyEditedAt: ago(ms) } });
const approvedAgain = labeled(labels.ready, {
  id: "again",
  actor: stranger,
  at: ago(HOUR - SECOND),
});

const texts: readonly Row[] = [
  ["a body edited before the label is what was approved", edit(HOUR + SECOND), STARTS],
  ["a body edited in the same second is not, whoever did it", edit(HOUR), EDITED],
  ["a body edited after the label is not, whoever did it", edit(HOUR - SECOND), EDITED],
  [
    "a title changed before the label is what was approved",
    { before: [renamed({ at: ago(HOUR + SECOND) })] },
    STARTS,
  ],
  [
    "a title changed in the same second is not, in any order",
    { before: [renamed({ at: ago(HOUR) })] },
    EDITED,
  ],
  [
    "a title changed after the label is not",
    { after: [renamed({ at: ago(HOUR - SECOND) })] },
    EDITED,
  ],
  [
    "a title that nobody is named to have changed is not",
    { after: [renamed({ at: ago(0), actor: ghost })] },
    EDITED,
  ],
  ["an edit at a time that cannot be read is not", { issue: { bodyEditedAt: "then" } }, EDITED],
  ["distrust is said before an edit", { ...edit(0), permission: "none" }, NOT],
  ["a label kept over a transfer is no approval here", { after: [transferred()] }, NONE],
  ["a label put on after a transfer is one", { before: [transferred()] }, STARTS],
  ["a label taken off and not put on again is none", { after: [unlabeled(labels.ready)] }, NONE],
  ["a label without an event is none", { issue: { events: [] } }, NONE],
  ["a label of another name is none", { issue: { events: [labeled("bug")] } }, NONE],
  [
    "the newest label counts, not the trusted one",
    { after: [unlabeled(labels.ready), approvedAgain] },
    NOT,
  ],
  [
    "an earlier stranger's label is past",
    { before: [approvedAgain, unlabeled(labels.ready)] },
    STARTS,
  ],
];

describe("who and what starts work", () => {
  it.each([...people, ...machines, ...apps, ...texts])("%s", (_name, given, want) => {
    expect(answer(given)).toBe(want);
  });
});

describe("why a label is not trusted", () => {
  const rows: readonly Row[] = [
    [
      "names the App to list",
      { app: SOME_APP },
      "the label was set through an App that is not listed (app:321)",
    ],
    [
      "says why the App could not be read",
      { app: UNREAD_APP },
      "through which App the label was set could not be read: too many events",
    ],
    [
      "tells of the account before its App",
      { app: SOME_APP, permission: "read" },
      "whoever set the label may not write to the repo",
    ],
  ];
  it.each(rows)("%s", (_name, given, want) => {
    expect(decide(given)).toEqual({ kind: "hold", because: NOT, detail: want });
  });
});

const anyApp = fc.constantFrom<ActingApp>(SOME_APP, UNREAD_APP, {
  kind: "app",
  id: "1",
  slug: "maria",
});
const anyGiven = fc.record({
  by: fc.constantFrom<Actor>(maria, bot, actions, suffixless, stranger, ghost),
  isByIntent: fc.boolean(),
  permission: fc.constantFrom<Permission>("admin", "write", "read", "none", "unreadable"),
  trusted: fc.subarray(["7", "maria", "55", "app:321", "666", "triage[bot]"]),
  agents: fc.subarray(["7", "stranger"]),
});

it("an App behind a label never makes anybody trusted who is not without it", () => {
  fc.assert(
    fc.property(anyGiven, anyApp, (given, app) => {
      expect(answer({ ...given, app }) === STARTS && answer(given) !== STARTS).toBe(false);
    }),
  );
});

it("what cannot be read starts nothing", () => {
  fc.assert(
    fc.property(anyGiven, (given) => {
      expect(answer({ ...given, app: UNREAD_APP })).toBe(NOT);
    }),
  );
});
