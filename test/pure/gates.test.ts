import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

import {
  KNOWN_AFK_KEYS,
  readGates,
  tellGates,
  readSwitch,
  splitList,
  unknownAfkKeys,
} from "../../src/pure/gates.ts";

type Answer = "open" | "kill-switch" | "allowlist-empty" | "unsure";
type Row = readonly [name: string, env: Record<string, string | undefined>, want: Answer];

const OFF = { AFK_KILL_SWITCH: "false" };
const REPO = { AFK_ALLOWLIST: "octo/demo" };

const rows: readonly Row[] = [
  ["nothing set at all is disabled", {}, "kill-switch"],
  ["an empty kill switch is on", { ...REPO, AFK_KILL_SWITCH: "" }, "kill-switch"],
  ["a blank kill switch is on", { ...REPO, AFK_KILL_SWITCH: " \t" }, "kill-switch"],
  ["an undefined kill switch is on", { ...REPO, AFK_KILL_SWITCH: undefined }, "kill-switch"],
  ["true is on", { ...REPO, AFK_KILL_SWITCH: "true" }, "kill-switch"],
  ["TRUE is on", { ...REPO, AFK_KILL_SWITCH: "TRUE" }, "kill-switch"],
  ["1 is on", { ...REPO, AFK_KILL_SWITCH: "1" }, "kill-switch"],
  ["Yes is on", { ...REPO, AFK_KILL_SWITCH: "Yes" }, "kill-switch"],
  ["on with blanks is on", { ...REPO, AFK_KILL_SWITCH: " on \n" }, "kill-switch"],
  ["false with a repo is open", { ...REPO, AFK_KILL_SWITCH: "false" }, "open"],
  ["False with a repo is open", { ...REPO, AFK_KILL_SWITCH: "False" }, "open"],
  ["0 with a repo is open", { ...REPO, AFK_KILL_SWITCH: "0" }, "open"],
  ["no with a repo is open", { ...REPO, AFK_KILL_SWITCH: " no" }, "open"],
  ["off with a repo is open", { ...REPO, AFK_KILL_SWITCH: "off" }, "open"],
  ["maybe is for the parser to refuse", { ...REPO, AFK_KILL_SWITCH: "maybe" }, "unsure"],
  ["maybe without a repo is too", { AFK_KILL_SWITCH: "maybe" }, "unsure"],
  ["a quoted true is not plainly on", { ...REPO, AFK_KILL_SWITCH: '"true"' }, "unsure"],
  ["2 is not plainly on", { ...REPO, AFK_KILL_SWITCH: "2" }, "unsure"],
  ["off without an allowlist is disabled", OFF, "allowlist-empty"],
  ["off with an empty allowlist is disabled", { ...OFF, AFK_ALLOWLIST: "" }, "allowlist-empty"],
  ["off with a blank allowlist is disabled", { ...OFF, AFK_ALLOWLIST: " \n" }, "allowlist-empty"],
  ["a lone comma names no repo", { ...OFF, AFK_ALLOWLIST: " , " }, "allowlist-empty"],
  ["an allowlist that cannot be read is open here", { ...OFF, AFK_ALLOWLIST: "?" }, "open"],
  ["an unknown key is for the parser to name", { AFK_ALOWLIST: "x" }, "unsure"],
  ["an unknown key set to nothing still is", { AFK_ALOWLIST: "" }, "unsure"],
  ["an unknown key beside an open gate is too", { ...OFF, ...REPO, AFK_X: "1" }, "unsure"],
  ["an undefined unknown key is not set", { ...OFF, ...REPO, AFK_X: undefined }, "open"],
  ["keys of others are nobody's business", { ...OFF, ...REPO, XAFK_Y: "1", T3_Z: "1" }, "open"],
  ["a key in small letters is somebody else's", { afk_kill_switch: "false" }, "kill-switch"],
];

it.each(rows)("%s", (_name, env, want) => {
  const gates = readGates(env);
  expect(gates.kind === "disabled" ? gates.because : gates.kind).toBe(want);
});

it("says in one sentence why it is disabled and how to arm", () => {
  for (const env of [{}, OFF]) {
    const gates = readGates(env);
    const text = gates.kind === "disabled" ? gates.text : "";
    expect(text).toMatch(/^afk is disabled because AFK_[^.]*to arm it, set AFK_[^.]*\.$/);
    expect(text).toContain("AFK_ALLOWLIST=owner/name");
  }
});

it.each([
  [{}, "kill switch on, allowlist empty"],
  [{ AFK_KILL_SWITCH: "maybe", ...REPO }, "kill switch on, allowlist of 1"],
  [OFF, "kill switch off, allowlist empty"],
  [{ ...OFF, AFK_ALLOWLIST: "o/a, o/b" }, "kill switch off, allowlist of 2"],
])("tells of %o how both gates stand", (env, told) => {
  expect(tellGates(env)).toBe(told);
});

it("names unknown keys in the environment's order", () => {
  expect(unknownAfkKeys({ AFK_B: "", AFK_DRAIN: "", AFK_A: "x" })).toEqual(["AFK_B", "AFK_A"]);
});

it("takes every known key for known", () => {
  const env = Object.fromEntries(KNOWN_AFK_KEYS.map((key) => [key, "x"]));
  expect(unknownAfkKeys(env)).toEqual([]);
  expect(new Set(KNOWN_AFK_KEYS).size).toBe(KNOWN_AFK_KEYS.length);
});

it("tells an unset switch from one that is off", () => {
  expect([undefined, "", "off", "on", "oN", "offf"].map(readSwitch)).toEqual([
    "unset",
    "unset",
    "off",
    "on",
    "on",
    "unclear",
  ]);
});

it("splits lists at commas, blanks and line ends", () => {
  expect(splitList(" a/b,c/d\n e/f ,, ")).toEqual(["a/b", "c/d", "e/f"]);
  expect(splitList(undefined)).toEqual([]);
});

it("imports nothing, so that the entry stays tiny", () => {
  const source = readFileSync(new URL("../../src/pure/gates.ts", import.meta.url), "utf8");
  expect(source).not.toMatch(/\bimport\b\s*[({"'*\w]|\brequire\b/);
});
