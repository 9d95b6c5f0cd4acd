import { expect, it } from "vitest";
import { createGithubCi } from "../../../src/adapters/ci/github.ts";
import type { ChecksSeen } from "../../../src/pure/ci-fold.ts";
import { FakeGithub, optionsFor, Refusal, repo } from "../tracker/fake-github.ts";

const NOTHING = {
  branchProtectionRule: null,
  refUpdateRule: null,
  rules: { pageInfo: { hasNextPage: false }, nodes: [] },
};

function ref(changes: Record<string, unknown> = {}) {
  return { ref: { ...NOTHING, ...changes } };
}

function rules(...nodes: readonly unknown[]) {
  return { pageInfo: { hasNextPage: false }, nodes };
}

function checksRule(...requiredStatusChecks: readonly unknown[]) {
  return { type: "REQUIRED_STATUS_CHECKS", parameters: { requiredStatusChecks } };
}

function ask(answer: unknown): { github: FakeGithub; read: () => Promise<readonly ChecksSeen[]> } {
  const github = new FakeGithub();
  github.aliases.set("Checks", () => ({ object: { statusCheckRollup: null } }));
  github.aliases.set("RequiredChecks", () => answer);
  const query = { repo: repo("app"), sha: "a", requiredOn: "trunk" };
  const ci = createGithubCi(optionsFor(github));
  return { github, read: () => ci.readChecks([query, { ...query, sha: "b" }]) };
}

const protection = {
  requiresStatusChecks: true,
  requiredStatusChecks: [
    { context: "unit", app: { databaseId: 15_368 } },
    { context: "lint", app: null },
  ],
};
const forbidden = {
  type: "FORBIDDEN",
  message: "Resource not accessible by integration",
  path: ["ref", "branchProtectionRule"],
};
const unit = { context: "unit", appId: null };

const required: ReadonlyArray<readonly [name: string, answer: unknown, want: unknown]> = [
  ["no rule requires nothing", ref(), []],
  [
    "a protection's checks are required, with their Apps",
    ref({ branchProtectionRule: protection }),
    [
      { context: "unit", appId: "15368" },
      { context: "lint", appId: null },
    ],
  ],
  [
    "a protection that requires no checks names none that count",
    ref({ branchProtectionRule: { ...protection, requiresStatusChecks: false } }),
    [],
  ],
  [
    "a protection may name none",
    ref({ branchProtectionRule: { ...protection, requiredStatusChecks: null } }),
    [],
  ],
  [
    "who may not see the protection is told its names",
    new Refusal(ref({ refUpdateRule: { requiredStatusCheckContexts: ["unit", null] } }), forbidden),
    [unit],
  ],
  [
    "a hidden protection beside none for us requires nothing of us",
    new Refusal(ref({ refUpdateRule: { requiredStatusCheckContexts: null } }), forbidden),
    [],
  ],
  [
    "a ruleset's checks are required, with their Apps",
    ref({
      rules: rules(
        { type: "DELETION", parameters: null },
        checksRule({ context: "unit", integrationId: null }, { context: "e2e", integrationId: 7 }),
      ),
    }),
    [unit, { context: "e2e", appId: "7" }],
  ],
  [
    "both kinds add up",
    ref({
      branchProtectionRule: {
        ...protection,
        requiredStatusChecks: [{ context: "unit", app: null }],
      },
      rules: rules(checksRule({ context: "e2e", integrationId: 7 })),
    }),
    [unit, { context: "e2e", appId: "7" }],
  ],
];
it.each(required)("%s", async (_name, answer, want) => {
  const { read, github } = ask(answer);
  expect(await read()).toEqual(
    ["a", "b"].map((sha) => ({ kind: "read", sha, checks: [], required: want })),
  );
  expect(github.operations().toSorted()).toEqual(["Checks", "RequiredChecks"]);
  const asked = github.sent.find(({ body }) => String(body["query"]).includes("RequiredChecks"));
  expect(asked?.body["variables"]).toMatchObject({ ref0: "refs/heads/trunk" });
});

const gaps: ReadonlyArray<readonly [name: string, answer: unknown, why: RegExp]> = [
  ["a branch that is not there", { ref: null }, /no branch trunk/],
  [
    "rules that are hidden",
    new Refusal(ref({ rules: null }), { message: "Not yours", path: ["ref", "rules"] }),
    /Not yours/,
  ],
  [
    "more rules than a page",
    ref({ rules: { ...NOTHING.rules, pageInfo: { hasNextPage: true } } }),
    /truncated/,
  ],
  [
    "workflows that are required",
    ref({ rules: rules({ type: "WORKFLOWS", parameters: null }) }),
    /requires workflows/,
  ],
  [
    "a rule that names no checks",
    ref({ rules: rules({ type: "REQUIRED_STATUS_CHECKS", parameters: null }) }),
    /does not name them/,
  ],
  ["an answer of another shape", { ref: 7 }, /not understood/],
];
it.each(gaps)("%s is unreadable, not nothing", async (_name, answer, why) => {
  const [seen] = await ask(answer).read();
  expect(seen).toEqual({ kind: "unreadable", sha: "a", why: expect.stringMatching(why) });
});
