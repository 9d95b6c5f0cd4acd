import { describe, expect, it } from "vitest";

import { parseConfig } from "../../src/pure/config.ts";

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
      "the case of a name says nothing",
      { repos: { "Octo/DEMO": { ci: "none" } } },
      { ...DEFAULT, ci: "none" },
    ],
    ["another repo's settings stay there", { repos: { "octo/site": { ci: "none" } } }, DEFAULT],
    ["a repo that is not enrolled is ignored", { repos: { "x/y": { ci: "none" } } }, DEFAULT],
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
