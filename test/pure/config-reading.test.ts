import { expect, it } from "vitest";

import { isSecretSet, nearestKey, readSecret } from "../../src/pure/config-reading.ts";

it.each([
  ["one letter dropped", "abd", "abcd"],
  ["one letter added", "abccd", "abcd"],
  ["one letter changed", "abxd", "abcd"],
  ["nothing alike at all still names one", "zzzz", "abcd"],
])("the nearest key: %s", (_name, key, want) => {
  expect(nearestKey(key, ["abcd", "efgh-longer"])).toBe(want);
});

it("of two keys equally near the first wins, and without candidates there is none", () => {
  expect(nearestKey("ax", ["ab", "ac"])).toBe("ab");
  expect(nearestKey("ax", ["ab", "axe", "ax"])).toBe("ax");
  expect(nearestKey("", ["abc", "d"])).toBe("d");
  expect(nearestKey("ax", [])).toBeNull();
});

it("a blank secret is none, and its file counts then", () => {
  const reading = { env: { KEY: " ", KEY_FILE: "/f" }, problems: [] };
  expect(readSecret(reading, "KEY")).toEqual({ kind: "file", path: "/f" });
  expect(reading.problems).toEqual([]);
});

it("tells in which way a secret is set", () => {
  const env = { A: "x", B_FILE: "/b" };
  expect([isSecretSet(env, "A"), isSecretSet(env, "B"), isSecretSet(env, "C")]).toEqual([
    true,
    true,
    false,
  ]);
  expect([isSecretSet(env, "A", "value"), isSecretSet(env, "A", "file")]).toEqual([true, false]);
  expect([isSecretSet(env, "B", "value"), isSecretSet(env, "B", "file")]).toEqual([false, true]);
});
