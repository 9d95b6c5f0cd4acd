import { describe, expect, it } from "vitest";

import { LIMIT_KEYS, readLimits, REPOS_MAX } from "../../src/pure/config-env.ts";
import type { Reading } from "../../src/pure/config-reading.ts";
import { parseConfig } from "../../src/pure/config.ts";
import { KNOWN_AFK_KEYS } from "../../src/pure/gates.ts";
import type { Limits } from "../../src/pure/limits.ts";

type Env = Record<string, string>;

function problemsOf(env: Env): readonly string[] {
  const result = parseConfig(env, undefined);
  return result.kind === "ok" ? [] : result.problems.map((each) => `${each.key} ${each.problem}`);
}

/** Null when there is a problem. Whether this version does anything with a bound yet is not asked here. */
function limitsOf(env: Env): Limits | null {
  const reading: Reading = { env, problems: [] };
  const limits = readLimits(reading);
  return reading.problems.length === 0 ? limits : null;
}

const limits = Object.entries(LIMIT_KEYS).map(
  ([field, limit]) => [limit.key, field as keyof Limits, limit] as const,
);

describe.each(limits)("%s", (key, field, limit) => {
  const factor = limit.unit === "seconds" ? 1000 : 1;

  it("is a known key with a default within its range", () => {
    expect(KNOWN_AFK_KEYS).toContain(key);
    expect(limit.default).toBeGreaterThanOrEqual(limit.min);
    expect(limit.default).toBeLessThanOrEqual(limit.max);
    expect(limitsOf({})?.[field]).toBe(limit.default * factor);
    expect(limitsOf({ [key]: "  " })?.[field]).toBe(limit.default * factor);
  });

  it("holds on both sides of its least and its greatest", () => {
    expect(limitsOf({ [key]: String(limit.min) })?.[field]).toBe(limit.min * factor);
    expect(limitsOf({ [key]: ` ${limit.max} ` })?.[field]).toBe(limit.max * factor);
    const tooSmall = problemsOf({ [key]: String(limit.min - 1) });
    expect(tooSmall).toEqual([expect.stringMatching(new RegExp(`^${key} is not .*whole`))]);
    expect(problemsOf({ [key]: String(limit.max + 1) })).toEqual(tooSmall);
  });

  it.each(["1.5", "1e3", "0x10", "+1", "ten", "1 2", "9".repeat(13), "١"])(
    "refuses %s",
    (value) => {
      expect(problemsOf({ [key]: value })).toHaveLength(1);
    },
  );
});

it("the defaults are the documented ones, in milliseconds", () => {
  expect(limitsOf({})).toEqual({
    runsMax: 10,
    fixForwardAttemptsMax: 5,
    fixForwardMsMax: 3_600_000,
    turnMsMax: 7_200_000,
    verdictMsMax: 14_400_000,
    questionMsMax: 86_400_000,
    notifyMsMax: 86_400_000,
    startGraceMs: 120_000,
    adoptGraceMs: 600_000,
    ciGraceMs: 120_000,
    nudgeAttemptsMax: 1,
    redispatchAttemptsMax: 1,
    archiveAfterMs: 0,
    budgetUsdMax: 100,
  });
});

it("milliseconds written by mistake are refused for every grace and wait of the defaults", () => {
  for (const [key, , limit] of limits) {
    if (limit.unit !== "seconds" || limit.default === 0) continue;
    expect([key, problemsOf({ [key]: String(limit.default * 1000) })]).toEqual([
      key,
      [expect.stringContaining(key)],
    ]);
  }
});

type Row = readonly [name: string, env: Env, want: readonly string[]];

describe("labels", () => {
  const rows: readonly Row[] = [
    ["50 characters are a label", { AFK_READY_LABEL: "x".repeat(50) }, []],
    [
      "51 characters are not",
      { AFK_READY_LABEL: "x".repeat(51) },
      ["AFK_READY_LABEL is not a label"],
    ],
    ["blanks and colons inside are fine", { AFK_READY_LABEL: "agent: go on" }, []],
    ["a comma reads as two", { AFK_HUMAN_LABEL: "a,b" }, ["AFK_HUMAN_LABEL is not a label"]],
    [
      "a control character is not",
      { AFK_PAUSED_LABEL: "a\u0007b" },
      ["AFK_PAUSED_LABEL is not a label"],
    ],
    [
      "two alike in another case are one",
      { AFK_READY_LABEL: "Go", AFK_PAUSED_LABEL: "gO" },
      ["AFK_PAUSED_LABEL names the same label as AFK_READY_LABEL"],
    ],
    [
      "one like another's default is one",
      { AFK_IN_PROGRESS_LABEL: "READY-FOR-HUMAN" },
      ["AFK_HUMAN_LABEL names the same label as AFK_IN_PROGRESS_LABEL"],
    ],
    [
      "two that changed places are two",
      { AFK_READY_LABEL: "agent-paused", AFK_PAUSED_LABEL: "ready-for-agent" },
      [],
    ],
  ];
  it.each(rows)("%s", (_name, env, want) => {
    expect(problemsOf(env)).toEqual(want);
  });
});

describe("actors", () => {
  const both = "AFK_TRUSTED_ACTORS lists Octocat, which AFK_AGENT_ACTORS lists as well";
  const noActor = "has an entry (number 2) that is neither an account id nor a login";
  const rows: readonly Row[] = [
    [
      "ids, logins and bots are actors",
      { AFK_TRUSTED_ACTORS: "583231, octocat my_org.x-1 dependabot[bot]" },
      [],
    ],
    [
      "an at sign is not part of a login",
      { AFK_TRUSTED_ACTORS: "a,@b" },
      [`AFK_TRUSTED_ACTORS ${noActor}`],
    ],
    ["a team is not an actor", { AFK_AGENT_ACTORS: "a,org/team" }, [`AFK_AGENT_ACTORS ${noActor}`]],
    ["100 characters are a login", { AFK_AGENT_ACTORS: "x".repeat(100) }, []],
    [
      "101 characters are not",
      { AFK_AGENT_ACTORS: "x".repeat(101) },
      ["AFK_AGENT_ACTORS has an entry (number 1) that is neither an account id nor a login"],
    ],
    ["an App is trusted by its id", { AFK_TRUSTED_ACTORS: "app:1,app:9223372036854775807" }, []],
    ...["app:", "app:0", "app:01", "app:x", "APP:1", "app:1x", "app:12345678901234567890"].map(
      (entry): Row => [
        `${entry} is no App`,
        { AFK_TRUSTED_ACTORS: `x ${entry}` },
        [`AFK_TRUSTED_ACTORS ${noActor}`],
      ],
    ),
    [
      "an App is no account agents use",
      { AFK_AGENT_ACTORS: "a,app:1" },
      [`AFK_AGENT_ACTORS ${noActor}`],
    ],
    [
      "nobody is on both lists",
      { AFK_TRUSTED_ACTORS: "Octocat", AFK_AGENT_ACTORS: "octocat" },
      [both],
    ],
    [
      "two different actors may be on two lists",
      { AFK_TRUSTED_ACTORS: "a", AFK_AGENT_ACTORS: "b" },
      [],
    ],
  ];
  it.each(rows)("%s", (_name, env, want) => {
    expect(problemsOf(env)).toEqual(want);
  });

  it("are kept in the order given", () => {
    const result = parseConfig({ AFK_TRUSTED_ACTORS: "b,a 3", AFK_AGENT_ACTORS: "c" }, undefined);
    expect(result).toMatchObject({
      config: { trust: { trustedActors: ["b", "a", "3"], agentActors: ["c"] } },
    });
  });
});

describe("the allowlist", () => {
  const first = "AFK_ALLOWLIST has an entry (number 1) that is not a repo";
  const rows: readonly Row[] = [
    ["repos between commas and blanks", { AFK_ALLOWLIST: "a/b, c/d\ne/.github," }, []],
    ["a lone name is not a repo", { AFK_ALLOWLIST: "demo" }, [first]],
    ["a page is not a repo", { AFK_ALLOWLIST: "https://github.com/a/b" }, [first]],
    ["a clone address's end is not a repo", { AFK_ALLOWLIST: "a/b.git" }, [first]],
    ["a wildcard is not a repo", { AFK_ALLOWLIST: "a/*" }, [first]],
    ["one dot is not a repo", { AFK_ALLOWLIST: "a/." }, [first]],
    ["two dots are not a repo", { AFK_ALLOWLIST: "a/.." }, [first]],
    ["an owner of dots is not one", { AFK_ALLOWLIST: "../b" }, [first]],
    ["three parts are not a repo", { AFK_ALLOWLIST: "a/b/c" }, [first]],
    ["another forge's name is not known", { AFK_ALLOWLIST: "gitlab:a/b" }, [first]],
    [
      "a name of 100 characters is one",
      { AFK_ALLOWLIST: `${"o".repeat(100)}/${"n".repeat(100)}` },
      [],
    ],
    ["a name of 101 characters is not", { AFK_ALLOWLIST: `o/${"n".repeat(101)}` }, [first]],
    ["an owner of 101 characters is not one", { AFK_ALLOWLIST: `${"o".repeat(101)}/n` }, [first]],
    [
      "a broken entry is named by its place",
      { AFK_ALLOWLIST: "a/b,x" },
      ["AFK_ALLOWLIST has an entry (number 2) that is not a repo"],
    ],
    ["one repo twice", { AFK_ALLOWLIST: "a/b,A/B" }, ["AFK_ALLOWLIST lists A/B twice"]],
    [
      "two repos that would share a folder",
      { AFK_ALLOWLIST: "a__b/c,a/b__c" },
      ["AFK_ALLOWLIST lists a/b__c and a__b/c, whose workspace folders would be the same"],
    ],
  ];
  it.each(rows)("%s", (_name, env, want) => {
    expect(problemsOf(env)).toEqual(want);
  });

  it("takes the same name on two forges for two repos", () => {
    expect(problemsOf({ AFK_ALLOWLIST: "a/b,forgejo:a/b" })).toEqual([
      "AFK_ALLOWLIST has forgejo:a/b: forgejo is not supported by this version yet",
    ]);
  });

  it("holds as many repos as a tick can read, and not one more", () => {
    const names = Array.from({ length: REPOS_MAX + 1 }, (_, index) => `o/n${index}`);
    expect(problemsOf({ AFK_ALLOWLIST: names.slice(1).join() })).toEqual([]);
    expect(problemsOf({ AFK_ALLOWLIST: names.join() })).toEqual([
      `AFK_ALLOWLIST names ${REPOS_MAX + 1} repos, more than ${REPOS_MAX}`,
    ]);
  });
});
