import { describe, expect, it } from "vitest";

import { type Config, parseConfig } from "../../src/pure/config.ts";
import { describeConfig } from "../../src/pure/config-description.ts";
import { KNOWN_AFK_KEYS } from "../../src/pure/gates.ts";

type Env = Record<string, string | undefined>;

const ARMED: Env = {
  AFK_KILL_SWITCH: "false",
  AFK_ALLOWLIST: "octo/demo",
  T3_BASE_URL: "http://127.0.0.1:3773/",
  T3_TOKEN: "t3-secret",
  T3_MODEL: "claude-opus",
  GITHUB_TOKEN: "gh-secret",
};

/** Acting as a GitHub App in place of a token. */
const APP: Env = {
  GITHUB_TOKEN: undefined,
  GITHUB_APP_ID: "12",
  GITHUB_APP_PRIVATE_KEY: "-----BEGIN\nx",
};

function configOf(env: Env, file?: unknown): Config {
  const result = parseConfig(env, file);
  if (result.kind === "problems") throw new Error(JSON.stringify(result.problems));
  return result.config;
}

/** `KEY problem` of every problem, in order. */
function problemsOf(env: Env, file?: unknown): readonly string[] {
  const result = parseConfig(env, file);
  if (result.kind === "ok") return [];
  for (const { mend } of result.problems) expect(mend).not.toBe("");
  return result.problems.map(({ key, problem }) => `${key} ${problem}`);
}

it("without any configuration everything stands at its default, and nothing may run", () => {
  const config = configOf({});
  expect(config).toMatchObject({
    gates: { kind: "disabled", because: "kill-switch" },
    isDraining: false,
    labels: {
      ready: "ready-for-agent",
      inProgress: "agent-in-progress",
      human: "ready-for-human",
      paused: "agent-paused",
    },
    trust: { trustedActors: [], agentActors: [] },
    repos: [],
    agent: null,
    github: null,
    forgejo: null,
    slack: null,
    ntfy: null,
    logLevel: "info",
  });
});

it("an armed configuration carries everything the ticks need", () => {
  expect(configOf(ARMED)).toMatchObject({
    gates: { kind: "open" },
    repos: [
      {
        ref: { tracker: "github", owner: "octo", name: "demo" },
        policy: { ci: "required", dispatchOnRed: false },
      },
    ],
    agent: {
      baseUrl: "http://127.0.0.1:3773",
      publicUrl: "http://127.0.0.1:3773",
      token: { kind: "value", value: "t3-secret" },
      workspaceRoot: "/data",
      linkTemplate: "{base}/{environmentId}/{threadId}",
      instance: "claudeAgent",
      model: "claude-opus",
      runtimeMode: "full-access",
    },
    github: {
      apiUrl: "https://api.github.com",
      auth: { kind: "token", token: { kind: "value", value: "gh-secret" } },
    },
  });
});

it("every setting of the agent server can be chosen", () => {
  const agent = configOf({
    ...ARMED,
    T3_TOKEN: undefined,
    T3_TOKEN_FILE: "/run/secrets/t3",
    T3_PUBLIC_URL: "https://t3.example/app/",
    T3_WORKSPACE_ROOT: "/srv/work/",
    T3_LINK_TEMPLATE: "{base}/x/{threadId}?e={environmentId}",
    T3_INSTANCE: "codex",
    T3_RUNTIME_MODE: "approval-required",
  }).agent;
  expect(agent).toEqual({
    baseUrl: "http://127.0.0.1:3773",
    publicUrl: "https://t3.example/app",
    token: { kind: "file", path: "/run/secrets/t3" },
    workspaceRoot: "/srv/work",
    linkTemplate: "{base}/x/{threadId}?e={environmentId}",
    instance: "codex",
    model: "claude-opus",
    runtimeMode: "approval-required",
  });
});

it("the doorbell of ntfy comes with or without a token", () => {
  const env = { ...ARMED, NTFY_URL: "http://127.0.0.1:1/", NTFY_TOPIC: "afk_Test-1" };
  expect(configOf(env).ntfy).toEqual({
    url: "http://127.0.0.1:1",
    topic: "afk_Test-1",
    token: null,
  });
  expect(configOf({ ...env, NTFY_TOKEN: "tk_x" }).ntfy?.token).toEqual({
    kind: "value",
    value: "tk_x",
  });
});

it("the doorbell of Slack is a webhook or a bot", () => {
  expect(
    configOf({ ...ARMED, SLACK_WEBHOOK_URL: "https://hooks.example/services/x" }).slack,
  ).toEqual({ kind: "webhook", url: { kind: "value", value: "https://hooks.example/services/x" } });
  expect(configOf({ ...ARMED, SLACK_WEBHOOK_URL_FILE: "/run/w" }).slack).toEqual({
    kind: "webhook",
    url: { kind: "file", path: "/run/w" },
  });
  const bot = { ...ARMED, SLACK_BOT_TOKEN: "xoxb-1", SLACK_CHANNEL: "C0123" };
  expect(configOf(bot).slack).toEqual({
    kind: "bot",
    apiUrl: "https://slack.com/api",
    token: { kind: "value", value: "xoxb-1" },
    channel: "C0123",
  });
  expect(configOf({ ...bot, SLACK_API_URL: "http://127.0.0.1:1/api/" }).slack).toMatchObject({
    apiUrl: "http://127.0.0.1:1/api",
  });
});

it("a Forgejo is for later: it is refused rather than ignored, both of its keys at once", () => {
  const env = { ...ARMED, FORGEJO_URL: "https://git.example/", FORGEJO_TOKEN_FILE: "/run/f" };
  expect(problemsOf(env)).toEqual([
    "FORGEJO_URL is not supported by this version yet",
    "FORGEJO_TOKEN is not supported by this version yet",
  ]);
});

it("an archive is never filled unless it is asked for", () => {
  expect(configOf({}).limits.archiveAfterMs).toBe(0);
  expect(configOf({ AFK_ARCHIVE_AFTER_SECONDS: "60" }).limits.archiveAfterMs).toBe(60_000);
});

describe("a GitHub App", () => {
  it("takes the place of the token, with its key as a value or in a file", () => {
    expect(configOf({ ...ARMED, ...APP }).github?.auth).toEqual({
      kind: "app",
      appId: "12",
      privateKey: { kind: "value", value: "-----BEGIN\nx" },
    });
    const file = { GITHUB_APP_PRIVATE_KEY: undefined, GITHUB_APP_PRIVATE_KEY_FILE: "/key.pem" };
    expect(configOf({ ...ARMED, ...APP, ...file }).github?.auth).toMatchObject({
      privateKey: { kind: "file", path: "/key.pem" },
    });
  });

  it("acts for one owner, however often and in whatever case it is written", () => {
    const env = { ...ARMED, ...APP, AFK_ALLOWLIST: "octo/a, Octo/b" };
    expect(problemsOf(env)).toEqual([]);
    expect(problemsOf({ ...env, AFK_ALLOWLIST: "octo/a, other/b" })).toEqual([
      "GITHUB_APP_ID acts for one owner, and AFK_ALLOWLIST has repos of octo, other",
    ]);
    const token = { ...ARMED, AFK_ALLOWLIST: "octo/a, other/b" };
    expect(problemsOf(token)).toEqual([]);
  });

  it.each([
    ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"],
    ["GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_ID"],
  ])("without %s is one problem, and not that of a missing token", (missing, other) => {
    expect(problemsOf({ ...ARMED, ...APP, [missing]: undefined })).toEqual([
      `${missing} is missing, and belongs together with ${other}`,
    ]);
  });
});

describe("what is wrong is named", () => {
  type Row = readonly [name: string, env: Env, want: readonly string[]];
  const rows: readonly Row[] = [
    ["nothing wrong, nothing said", {}, []],
    [
      "a switch that says maybe",
      { AFK_KILL_SWITCH: "maybe" },
      ["AFK_KILL_SWITCH is neither true nor false"],
    ],
    ["a drain that says maybe", { AFK_DRAIN: "maybe" }, ["AFK_DRAIN is neither true nor false"]],
    ["an unknown key", { AFK_ALOWLIST: "x" }, ["AFK_ALOWLIST is not a key of afk"]],
    [
      "a T3 address without a scheme",
      { T3_BASE_URL: "t3:3773" },
      ["T3_BASE_URL is not a plain http or https address"],
    ],
    [
      "an ftp address",
      { T3_BASE_URL: "ftp://t3" },
      ["T3_BASE_URL is not a plain http or https address"],
    ],
    [
      "an address with a user",
      { T3_BASE_URL: "http://u@t3" },
      ["T3_BASE_URL is not a plain http or https address"],
    ],
    [
      "an address with a password",
      { T3_BASE_URL: "http://u:p@t3" },
      ["T3_BASE_URL is not a plain http or https address"],
    ],
    [
      "an address with a query",
      { T3_BASE_URL: "http://t3/?a" },
      ["T3_BASE_URL is not a plain http or https address"],
    ],
    [
      "an address with a fragment",
      { T3_BASE_URL: "http://t3/#a" },
      ["T3_BASE_URL is not a plain http or https address"],
    ],
    [
      "port 65536",
      { T3_PUBLIC_URL: "http://t3:65536" },
      ["T3_PUBLIC_URL is not a plain http or https address"],
    ],
    ["port 65535 is a port", { T3_PUBLIC_URL: "http://t3:65535" }, []],
    ["an IPv6 address is one", { T3_PUBLIC_URL: "http://[::1]:80/x" }, []],
    [
      "a token with a blank",
      { T3_TOKEN: "a b" },
      ["T3_TOKEN is not one word of printable characters"],
    ],
    ["a token with a line end around it is fine", { T3_TOKEN: "\nab\n\n" }, []],
    [
      "a token given twice",
      { T3_TOKEN: "a", T3_TOKEN_FILE: "/f" },
      ["T3_TOKEN is set, and T3_TOKEN_FILE is set as well"],
    ],
    [
      "a token file that is no absolute path",
      { T3_TOKEN_FILE: "f" },
      ["T3_TOKEN_FILE is not an absolute path below the root folder"],
    ],
    [
      "a workspace at the root",
      { T3_WORKSPACE_ROOT: "/" },
      ["T3_WORKSPACE_ROOT is not an absolute path below the root folder"],
    ],
    [
      "a workspace that climbs",
      { T3_WORKSPACE_ROOT: "/a/../b" },
      ["T3_WORKSPACE_ROOT is not an absolute path below the root folder"],
    ],
    [
      "a workspace that ends climbing",
      { T3_WORKSPACE_ROOT: "/a/.." },
      ["T3_WORKSPACE_ROOT is not an absolute path below the root folder"],
    ],
    [
      "a workspace of two lines",
      { T3_WORKSPACE_ROOT: "/a\n- Run id: x" },
      ["T3_WORKSPACE_ROOT is not an absolute path below the root folder"],
    ],
    ["two dots inside a name are fine", { T3_WORKSPACE_ROOT: "/a..b/..c" }, []],
    [
      "a link without the thread",
      { T3_LINK_TEMPLATE: "{base}/x" },
      ["T3_LINK_TEMPLATE is not a template of a thread's page"],
    ],
    [
      "a link with another placeholder",
      { T3_LINK_TEMPLATE: "{base}/{threadId}/{x}" },
      ["T3_LINK_TEMPLATE is not a template of a thread's page"],
    ],
    [
      "a link to nowhere",
      { T3_LINK_TEMPLATE: "javascript:{threadId}" },
      ["T3_LINK_TEMPLATE is not a template of a thread's page"],
    ],
    ["a link of its own is fine", { T3_LINK_TEMPLATE: "https://x/{threadId}" }, []],
    [
      "an instance that is no slug",
      { T3_INSTANCE: "1x" },
      ["T3_INSTANCE is not the id of a provider instance"],
    ],
    ["an instance of 64 letters is one", { T3_INSTANCE: "x".repeat(64) }, []],
    [
      "an instance of 65 letters",
      { T3_INSTANCE: "x".repeat(65) },
      ["T3_INSTANCE is not the id of a provider instance"],
    ],
    ["a model of 200 letters is one", { T3_MODEL: "m".repeat(200) }, []],
    [
      "a model of 201 letters",
      { T3_MODEL: "m".repeat(201) },
      ["T3_MODEL is not one word of at most 200 characters"],
    ],
    [
      "an unknown runtime mode",
      { T3_RUNTIME_MODE: "yolo" },
      ["T3_RUNTIME_MODE is not a runtime mode"],
    ],
    [
      "two identities on GitHub",
      { GITHUB_TOKEN: "a", GITHUB_APP_ID: "1", GITHUB_APP_PRIVATE_KEY_FILE: "/k" },
      ["GITHUB_TOKEN is set, and GITHUB_APP_ID is set as well"],
    ],
    [
      "an app without its key",
      { GITHUB_APP_ID: "1" },
      ["GITHUB_APP_PRIVATE_KEY is missing, and belongs together with GITHUB_APP_ID"],
    ],
    [
      "an app's key without the app",
      { GITHUB_APP_PRIVATE_KEY: "k" },
      ["GITHUB_APP_ID is missing, and belongs together with GITHUB_APP_PRIVATE_KEY"],
    ],
    [
      "a Forgejo without a token",
      { FORGEJO_URL: "http://f" },
      ["FORGEJO_URL is not supported by this version yet"],
    ],
    [
      "a Forgejo token without an address",
      { FORGEJO_TOKEN: "x" },
      ["FORGEJO_TOKEN is not supported by this version yet"],
    ],
    [
      "a Slack bot without a channel",
      { SLACK_BOT_TOKEN: "x" },
      ["SLACK_CHANNEL is missing, and belongs together with SLACK_BOT_TOKEN"],
    ],
    [
      "a Slack channel without a bot",
      { SLACK_CHANNEL: "#c" },
      ["SLACK_BOT_TOKEN is missing, and belongs together with SLACK_CHANNEL"],
    ],
    [
      "two ways into Slack",
      { SLACK_WEBHOOK_URL: "https://h", SLACK_BOT_TOKEN: "x", SLACK_CHANNEL: "c" },
      ["SLACK_WEBHOOK_URL is set, and SLACK_BOT_TOKEN is set as well"],
    ],
    [
      "a Slack webhook that is no address",
      { SLACK_WEBHOOK_URL: "T0/B0/secret" },
      ["SLACK_WEBHOOK_URL is not a plain http or https address"],
    ],
    [
      "a Slack API that is no address",
      { SLACK_API_URL: "slack.com" },
      ["SLACK_API_URL is not a plain http or https address"],
    ],
    [
      "ntfy without a topic",
      { NTFY_URL: "http://n" },
      ["NTFY_TOPIC is missing, and belongs together with NTFY_URL"],
    ],
    [
      "ntfy without an address",
      { NTFY_TOPIC: "t" },
      ["NTFY_URL is missing, and belongs together with NTFY_TOPIC"],
    ],
    [
      "an ntfy token alone",
      { NTFY_TOKEN: "t" },
      [
        "NTFY_URL is missing, and belongs together with NTFY_TOPIC and NTFY_TOKEN",
        "NTFY_TOPIC is missing, and belongs together with NTFY_URL and NTFY_TOKEN",
      ],
    ],
    [
      "an ntfy topic of 64 letters is one",
      { NTFY_URL: "http://n", NTFY_TOPIC: "t".repeat(64) },
      [],
    ],
    [
      "an ntfy topic of 65 letters",
      { NTFY_URL: "http://n", NTFY_TOPIC: "t".repeat(65) },
      ["NTFY_TOPIC is not an ntfy topic"],
    ],
    [
      "an ntfy topic that is a path",
      { NTFY_URL: "http://n", NTFY_TOPIC: "a/b" },
      ["NTFY_TOPIC is not an ntfy topic"],
    ],
    ["a log level in capitals is fine", { LOG_LEVEL: "DEBUG" }, []],
    ["a silent log", { LOG_LEVEL: "silent" }, ["LOG_LEVEL is not a log level"]],
  ];
  it.each(rows)("%s", (_name, env, want) => {
    expect(problemsOf(env)).toEqual(want);
  });
});

describe("what an armed configuration needs", () => {
  it.each(["T3_BASE_URL", "T3_TOKEN", "T3_MODEL", "GITHUB_TOKEN"])("%s", (key) => {
    const without = { ...ARMED, [key]: undefined };
    expect(problemsOf(without)).toEqual([`${key} is required to run, and not set`]);
    expect(problemsOf({ ...without, AFK_KILL_SWITCH: "true" })).toEqual([]);
    expect(problemsOf({ ...without, AFK_ALLOWLIST: "" })).toEqual([]);
  });

  it("is said once, even when a key is broken rather than missing", () => {
    expect(problemsOf({ ...ARMED, T3_TOKEN: "a b" })).toEqual([
      "T3_TOKEN is not one word of printable characters",
    ]);
  });

  it("is said beside an unknown key and a broken allowlist, all at once", () => {
    const env = { AFK_KILL_SWITCH: "no", AFK_ALLOWLIST: "?", AFK_X: "", LOG_LEVEL: "loud" };
    expect(problemsOf(env)).toEqual([
      "AFK_X is not a key of afk",
      "AFK_ALLOWLIST has an entry (number 1) that is not a repo",
      "LOG_LEVEL is not a log level",
      "T3_BASE_URL is required to run, and not set",
      "T3_TOKEN is required to run, and not set",
      "T3_MODEL is required to run, and not set",
      "GITHUB_TOKEN is required to run, and not set",
    ]);
  });

  it("is no Forgejo for repos on it, which this version cannot serve yet", () => {
    const env = { ...ARMED, AFK_ALLOWLIST: "forgejo:octo/demo", GITHUB_TOKEN: undefined };
    expect(problemsOf(env)).toEqual([
      "AFK_ALLOWLIST has forgejo:octo/demo: forgejo is not supported by this version yet",
    ]);
  });
});

it("an unknown key is told the known one it looks most like", () => {
  const result = parseConfig({ AFK_ALOWLIST: "x", AFK_MAXRUNS: "3" }, undefined);
  const mends = result.kind === "problems" ? result.problems.map((each) => each.mend) : [];
  expect(mends).toEqual([
    "did you mean AFK_ALLOWLIST? if not, remove it",
    "did you mean AFK_MAX_RUNS? if not, remove it",
  ]);
});

it("an unknown key of any length and content is one short line", () => {
  const key = `AFK_\n${"x".repeat(5000)}`;
  const [problem] = problemsOf({ [key]: "1" });
  expect(problem).toMatch(/^AFK_ x{74}… is not a key of afk$/);
});

describe("secrets", () => {
  const secret = "s3cr3t-value";
  const keys = [
    "T3_TOKEN",
    "GITHUB_TOKEN",
    "GITHUB_APP_PRIVATE_KEY",
    "FORGEJO_TOKEN",
    "SLACK_WEBHOOK_URL",
    "SLACK_BOT_TOKEN",
    "NTFY_TOKEN",
    "NTFY_TOPIC",
  ];

  it("never appear in a problem, whichever key they were put into", () => {
    const others = [
      "T3_BASE_URL",
      "T3_MODEL",
      "LOG_LEVEL",
      "NTFY_URL",
      "T3_INSTANCE",
      "T3_LINK_TEMPLATE",
    ];
    for (const key of [...KNOWN_AFK_KEYS, ...keys, ...others]) {
      for (const value of [secret, `${secret} ${secret}`, `@${secret}`, `https://${secret}@x`]) {
        const result = parseConfig({ ...ARMED, [key]: value }, undefined);
        expect(JSON.stringify(result.kind === "problems" ? result.problems : [])).not.toContain(
          secret,
        );
      }
    }
  });

  it("never appear in the description", () => {
    const env = { ...ARMED, NTFY_URL: "http://n", NTFY_TOPIC: secret, NTFY_TOKEN: secret };
    const config = configOf({ ...env, T3_TOKEN: secret, GITHUB_TOKEN: secret });
    const later: Config = {
      ...config,
      github: {
        apiUrl: "https://x",
        auth: { kind: "app", appId: "1", privateKey: { kind: "value", value: secret } },
      },
      forgejo: { url: "https://f", token: { kind: "value", value: secret } },
      slack: { kind: "webhook", url: { kind: "value", value: secret } },
    };
    const bot: Config = {
      ...config,
      slack: {
        kind: "bot",
        apiUrl: "https://s",
        token: { kind: "value", value: secret },
        channel: "#c",
      },
    };
    for (const each of [config, later, bot]) {
      expect(JSON.stringify(describeConfig(each))).not.toContain(secret);
    }
  });
});

it("the description shows every key with the value in force", () => {
  const env = { ...ARMED, AFK_TURN_MAX_SECONDS: "60", T3_TOKEN: "", T3_TOKEN_FILE: "/run/t" };
  const lines = new Map(
    describeConfig(configOf(env, { repos: { "octo/demo": { ci: "none" } } })).map((line) => [
      line.key,
      line.value,
    ]),
  );
  expect(KNOWN_AFK_KEYS.filter((key) => !lines.has(key))).toEqual(["AFK_CONFIG_FILE"]);
  expect(lines.get("AFK_KILL_SWITCH")).toBe("false");
  expect(lines.get("AFK_ALLOWLIST")).toBe("octo/demo");
  expect(lines.get("AFK_TURN_MAX_SECONDS")).toBe("60");
  expect(lines.get("AFK_MAX_RUNS")).toBe("10");
  expect(lines.get("T3_TOKEN")).toBe("set, from the file /run/t");
  expect(lines.get("repos.octo/demo")).toBe("ci: none, dispatchOnRed: false");
  const file = {
    repos: {
      "octo/demo": { checks: "required", deploy: { environment: "prod", creators: [7, 8] } },
      "octo/site": { deploy: { environment: "live" } },
    },
  };
  const staged = parseConfig({ AFK_ALLOWLIST: "octo/demo, octo/site" }, file);
  expect(staged.kind === "ok" && describeConfig(staged.config).slice(-2)).toEqual([
    {
      key: "repos.octo/demo",
      value: "ci: required, checks: required, deploy: prod by 7 or 8, dispatchOnRed: false",
    },
    { key: "repos.octo/site", value: "ci: required, deploy: live, dispatchOnRed: false" },
  ]);
  const rollout = { namespace: "shop", kind: "Deployment", name: "web" };
  const clustered = configOf(
    { AFK_ALLOWLIST: "octo/demo", AFK_LEASE: "kubernetes", AFK_LEASE_NAMESPACE: "afk" },
    { repos: { "octo/demo": { rollout } } },
  );
  expect(describeConfig(clustered)).toContainEqual({ key: "AFK_LEASE_NAMESPACE", value: "afk" });
  expect(describeConfig(clustered)).toContainEqual({
    key: "repos.octo/demo",
    value: "ci: required, rollout: Deployment shop/web, dispatchOnRed: false",
  });
  const disabled = describeConfig(configOf({}));
  expect(disabled).toContainEqual({ key: "AFK_KILL_SWITCH", value: "true" });
  expect(disabled).toContainEqual({ key: "T3_TOKEN", value: "not set" });
  const unlisted = describeConfig(configOf({ AFK_KILL_SWITCH: "off" }));
  expect(unlisted).toContainEqual({ key: "AFK_KILL_SWITCH", value: "false" });
});
