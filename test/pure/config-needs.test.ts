import { describe, expect, it } from "vitest";
import { type ConfigNeeds, parseConfig } from "../../src/pure/config.ts";

type Env = Readonly<Record<string, string>>;

const SERVICES = ["T3_BASE_URL", "T3_TOKEN", "T3_MODEL", "GITHUB_TOKEN"];
const ENROLLED = { AFK_ALLOWLIST: "octo/demo" };
const ARMED = { ...ENROLLED, AFK_KILL_SWITCH: "false" };

function missing(env: Env, needs?: ConfigNeeds): readonly string[] {
  const result = parseConfig(env, undefined, needs);
  return result.kind === "ok" ? [] : result.problems.map(({ key }) => key);
}

describe("the keys of the services", () => {
  const rows: ReadonlyArray<
    readonly [name: string, env: Env, needs: ConfigNeeds | undefined, want: readonly string[]]
  > = [
    ["are not asked for by a tick with the kill switch on", ENROLLED, "services-when-armed", []],
    ["are asked for by a tick once both gates are open", ARMED, "services-when-armed", SERVICES],
    ["are a tick's where nothing is said", ARMED, undefined, SERVICES],
    ["nor then with the kill switch on", ENROLLED, undefined, []],
    ["are asked for by a reading command with the kill switch on", ENROLLED, "services", SERVICES],
    ["and with both gates open", ARMED, "services", SERVICES],
    ["are asked for by nobody without an allowlist", {}, "services", []],
    ["even with the kill switch off", { AFK_KILL_SWITCH: "false" }, "services", []],
  ];
  it.each(rows)("%s", (_name, env, needs, want) => {
    expect(missing(env, needs)).toEqual(want);
  });
});

it("a reading command gets its configuration while the kill switch is on, and is told so", () => {
  const env = {
    ...ENROLLED,
    T3_BASE_URL: "http://127.0.0.1:3773",
    T3_TOKEN: "t3-secret",
    T3_MODEL: "claude-opus",
    GITHUB_TOKEN: "gh-secret",
  };
  const result = parseConfig(env, undefined, "services");
  expect(result).toMatchObject({
    kind: "ok",
    config: {
      gates: { kind: "disabled", because: "kill-switch" },
      agent: { model: "claude-opus" },
      repos: [{ ref: { owner: "octo", name: "demo" } }],
    },
  });
});

it("an allowlist without one readable entry has the token of GitHub named all the same", () => {
  expect(missing({ ...ARMED, AFK_ALLOWLIST: "octo" })).toEqual(["AFK_ALLOWLIST", ...SERVICES]);
  expect(missing({ ...ARMED, AFK_ALLOWLIST: "forgejo:o/r" })).not.toContain("GITHUB_TOKEN");
});

it("a missing token is mended by itself, by its file, and on GitHub by an App", () => {
  const result = parseConfig(ARMED, undefined);
  const problems = result.kind === "problems" ? result.problems : [];
  expect(problems.map(({ mend }) => mend)).toEqual([
    "set T3_BASE_URL",
    "set T3_TOKEN or T3_TOKEN_FILE",
    "set T3_MODEL",
    "set GITHUB_TOKEN or GITHUB_TOKEN_FILE, or as a GitHub App GITHUB_APP_ID and " +
      "GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_FILE",
  ]);
});

it("a secret's path that is not whole is mended with an example that fits the key", () => {
  const result = parseConfig({ GITHUB_TOKEN_FILE: "./x" }, undefined);
  expect(result).toMatchObject({
    problems: [
      {
        key: "GITHUB_TOKEN_FILE",
        mend: "write the whole path, like /etc/afk/secrets/github-token, without .. in it",
      },
    ],
  });
});

it("a repo that is none is mended with what this version takes", () => {
  const result = parseConfig({ AFK_ALLOWLIST: "octo" }, undefined);
  expect(result).toMatchObject({ problems: [{ mend: "write owner/name, no .git at the end" }] });
});

it.each([
  ["digits", "1234567890123456789", []],
  ["more digits than an id has", "12345678901234567890", ["GITHUB_APP_ID"]],
  ["a client id", "Iv1.0123456789abcdef", ["GITHUB_APP_ID"]],
  ["nought", "0", ["GITHUB_APP_ID"]],
])("the id of a GitHub App written as %s", (_name, GITHUB_APP_ID, want) => {
  expect(missing({ GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY: "k" })).toEqual(want);
});

it("a kill switch that cannot be understood is refused for every command", () => {
  expect(missing({ AFK_KILL_SWITCH: "maybe" }, "services")).toEqual(["AFK_KILL_SWITCH"]);
});
