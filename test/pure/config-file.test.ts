import { describe, expect, it } from "vitest";

import { parseConfig } from "../../src/pure/config.ts";
import { tellNotEnrolled } from "../../src/pure/config-file.ts";

const ENV = { AFK_ALLOWLIST: "octo/demo, octo/site" };
const DEFAULT = { ci: "required", dispatchOnRed: false };

describe("settings of a repo", () => {
  type Row = readonly [name: string, file: unknown, demo: unknown];
  const rows: readonly Row[] = [
    ["no file is no setting", undefined, DEFAULT],
    ["an empty file is no setting", null, DEFAULT],
    ["an empty mapping is no setting", {}, DEFAULT],
    ["an empty list of repos is no setting", { repos: null }, DEFAULT],
    ["a repo without settings has the defaults", { repos: { "octo/demo": null } }, DEFAULT],
    [
      "CI can be declared away",
      { repos: { "octo/demo": { ci: "none" } } },
      { ...DEFAULT, ci: "none" },
    ],
    [
      "CI can be required in so many words",
      { repos: { "octo/demo": { ci: "required" } } },
      DEFAULT,
    ],
    [
      "a red base can be accepted",
      { repos: { "octo/demo": { dispatchOnRed: true } } },
      { ...DEFAULT, dispatchOnRed: true },
    ],
    [
      "only the required checks may count",
      { repos: { "octo/demo": { checks: "required" } } },
      { ...DEFAULT, checks: "required" },
    ],
    [
      "all checks count, in so many words",
      { repos: { "octo/demo": { checks: "all" } } },
      { ...DEFAULT, checks: "all" },
    ],
    [
      "a deployment can be asked for",
      { repos: { "octo/demo": { deploy: { environment: "my production" } } } },
      { ...DEFAULT, deploy: { environment: "my production" } },
    ],
    [
      "by accounts named by their ids, quoted or not",
      { repos: { "octo/demo": { deploy: { environment: "p", creators: [7, "8"] } } } },
      { ...DEFAULT, deploy: { environment: "p", creators: ["7", "8"] } },
    ],
    [
      "without a build too",
      { repos: { "octo/demo": { ci: "none", deploy: { environment: "p" } } } },
      { ...DEFAULT, ci: "none", deploy: { environment: "p" } },
    ],
    [
      "an environment's name may be as long as the forge takes",
      { repos: { "octo/demo": { deploy: { environment: "e".repeat(255) } } } },
      { ...DEFAULT, deploy: { environment: "e".repeat(255) } },
    ],
    [
      "the case of a name says nothing",
      { repos: { "Octo/DEMO": { ci: "none" } } },
      { ...DEFAULT, ci: "none" },
    ],
    ["another repo's settings stay there", { repos: { "octo/site": { ci: "none" } } }, DEFAULT],
    [
      "a repo that is not enrolled has no effect on others",
      { repos: { "x/y": { ci: "none" } } },
      DEFAULT,
    ],
    [
      "the same name on another forge is another repo",
      { repos: { "forgejo:octo/demo": { ci: "none" } } },
      DEFAULT,
    ],
  ];
  it.each(rows)("%s", (_name, file, demo) => {
    const result = parseConfig(ENV, file);
    expect(result).toMatchObject({ kind: "ok", config: { repos: [{ policy: demo }, {}] } });
  });
});

it("the case of an enrolled name says nothing either", () => {
  const result = parseConfig(
    { AFK_ALLOWLIST: "Octo/Demo" },
    { repos: { "octo/demo": { ci: "none" } } },
  );
  expect(result).toMatchObject({
    config: { repos: [{ ref: { name: "Demo" }, policy: { ci: "none" } }] },
  });
});

describe("a repo that the file lists and the allowlist does not", () => {
  it("is no problem, and answered by its name", () => {
    const file = {
      repos: { "octo/demo": {}, "Acme/Typo": { ci: "none" }, "forgejo:octo/site": {} },
    };
    const result = parseConfig(ENV, file);
    const notEnrolled = ["Acme/Typo", "forgejo:octo/site"];
    expect(result).toMatchObject({ kind: "ok", config: { notEnrolled } });
  });

  it("is not found where every repo is enrolled, in whatever case", () => {
    const result = parseConfig(ENV, { repos: { "OCTO/demo": {} } });
    expect(result).toMatchObject({ config: { notEnrolled: [] } });
  });

  it("is told in a sentence, twenty of them by name", () => {
    const names = Array.from({ length: 21 }, (_, index) => `o/r${index}`);
    expect(tellNotEnrolled([])).toBeNull();
    expect(tellNotEnrolled(["acme/typo"])).toBe(
      "AFK_CONFIG_FILE lists acme/typo, which is not enrolled",
    );
    expect(tellNotEnrolled(names.slice(0, 20))).toMatch(/ o\/r18, o\/r19, which are not enrolled$/);
    expect(tellNotEnrolled(names)).toMatch(/ o\/r19 and 1 more, which are not enrolled$/);
  });
});

describe("the mend of a setting that is not understood", () => {
  const rows: ReadonlyArray<readonly [name: string, settings: unknown, start: string]> = [
    ["a wrong value", { ci: "no" }, "write ci: required or none; the whole is repos: {"],
    ["an entry of a list", { deploy: { environment: "p", creators: ["m"] } }, "write creators: ["],
    ["a missing name", { deploy: {} }, "write environment: its name; the whole is"],
    ["a misspelled setting", { chekcs: "all" }, "did you mean checks: all or required? if not"],
    [
      "a misspelled part of one",
      { deploy: { environment: "p", creator: [7] } },
      "did you mean creators",
    ],
    ["no settings at all", 7, "write repos: { owner/name: { ci: required or none, checks:"],
  ];
  it.each(rows)("of %s begins with that one", (_name, settings, start) => {
    const result = parseConfig(ENV, { repos: { "octo/demo": settings } });
    const mends = result.kind === "problems" ? result.problems.map((each) => each.mend) : [];
    expect(mends).toEqual([expect.stringContaining(start)]);
    expect(mends[0]?.indexOf(start)).toBe(0);
  });

  it("of an unknown key outside the repos is the whole", () => {
    const result = parseConfig(ENV, { repo: {} });
    expect(result).toMatchObject({
      problems: [{ mend: expect.stringMatching(/^write repos: \{ owner\/name: \{ ci: /) }],
    });
  });
});

describe("a file that is not understood", () => {
  type Row = readonly [name: string, file: unknown, want: readonly string[]];
  const rows: readonly Row[] = [
    ["a list", [], ["is not a mapping"]],
    ["a word", "repos", ["is not a mapping"]],
    ["an unknown key", { repo: {} }, ["has repo, which is not understood"]],
    ["repos as a list", { repos: ["octo/demo"] }, ["has repos, which is not understood"]],
    [
      "an unknown setting",
      { repos: { "octo/demo": { cli: "none" } } },
      ["has repos.octo/demo.cli, which is not understood"],
    ],
    [
      "an unknown CI",
      { repos: { "octo/demo": { ci: "no" } } },
      ["has repos.octo/demo.ci, which is not understood"],
    ],
    [
      "a word for a yes or no",
      { repos: { "octo/demo": { dispatchOnRed: "yes" } } },
      ["has repos.octo/demo.dispatchOnRed, which is not understood"],
    ],
    ["a name that is no repo", { repos: { demo: {} } }, ["has repos.demo, which is not a repo"]],
    ["one repo twice", { repos: { "octo/demo": {}, "OCTO/demo": {} } }, ["has OCTO/demo twice"]],
    [
      "an environment without a name",
      { repos: { "octo/demo": { deploy: { environment: " " } } } },
      ["has repos.octo/demo.deploy.environment, which is not understood"],
    ],
    [
      "an environment of a name too long",
      { repos: { "octo/demo": { deploy: { environment: "e".repeat(256) } } } },
      ["has repos.octo/demo.deploy.environment, which is not understood"],
    ],
    [
      "a deployment to no environment",
      { repos: { "octo/demo": { deploy: {} } } },
      ["has repos.octo/demo.deploy.environment, which is not understood"],
    ],
    [
      "nobody who may deploy",
      { repos: { "octo/demo": { deploy: { environment: "p", creators: [] } } } },
      ["has repos.octo/demo.deploy.creators, which is not understood"],
    ],
    [
      "a login in place of an account id",
      { repos: { "octo/demo": { deploy: { environment: "p", creators: ["maria"] } } } },
      ["has repos.octo/demo.deploy.creators.0, which is not understood"],
    ],
    [
      "a rollout of another kind, to no namespace and of no name",
      { repos: { "octo/demo": { rollout: { namespace: "A", kind: "DaemonSet", name: "" } } } },
      [
        "has repos.octo/demo.rollout.namespace, which is not understood",
        "has repos.octo/demo.rollout.kind, which is not understood",
        "has repos.octo/demo.rollout.name, which is not understood",
      ],
    ],
    [
      "a rollout with a name of 254 characters",
      {
        repos: {
          "octo/demo": { rollout: { namespace: "a", kind: "StatefulSet", name: "n".repeat(254) } },
        },
      },
      ["has repos.octo/demo.rollout.name, which is not understood"],
    ],
    [
      "required checks where there is no CI",
      { repos: { "octo/demo": { ci: "none", checks: "required" } } },
      ["has octo/demo with ci: none, and with checks: required"],
    ],
    [
      "several mistakes at once",
      { repos: { "octo/demo": { ci: 1, x: 1 }, "a/b": 7 } },
      [
        "has repos.octo/demo.ci, which is not understood",
        "has repos.octo/demo.x, which is not understood",
        "has repos.a/b, which is not understood",
      ],
    ],
  ];
  it.each(rows)("%s", (_name, file, want) => {
    const result = parseConfig(ENV, file);
    const problems = result.kind === "problems" ? result.problems : [];
    expect(problems.map((each) => each.problem)).toEqual(want);
    expect(problems.every((each) => each.key === "AFK_CONFIG_FILE")).toBe(true);
  });

  it("is never quoted, because a secret may have slipped into it", () => {
    const result = parseConfig(ENV, { repos: { "octo/demo": { ci: "s3cr3t" } } });
    expect(result.kind).toBe("problems");
    expect(JSON.stringify(result)).not.toContain("s3cr3t");
  });
});

it("a rollout names a workload of a namespace", () => {
  const rollout = { namespace: "shop", kind: "StatefulSet", name: `${"n".repeat(252)}1` };
  const parsed = parseConfig(ENV, { repos: { "octo/demo": { rollout } } });
  expect(parsed.kind === "ok" && parsed.config.repos[0]?.policy.rollout).toEqual(rollout);
});
