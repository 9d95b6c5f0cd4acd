import fc from "fast-check";
import { expect, it } from "vitest";

import { parseConfig } from "../../src/pure/config.ts";
import { KNOWN_AFK_KEYS, readGates } from "../../src/pure/gates.ts";

const REQUIRED = {
  T3_BASE_URL: "http://127.0.0.1:1",
  T3_TOKEN: "t",
  T3_MODEL: "m",
  GITHUB_TOKEN: "g",
};

const blanks = fc.string({ unit: fc.constantFrom(" ", "\t", "\n"), maxLength: 2 });
const word = fc.constantFrom("", "true", "false", "1", "0", "yes", "no", "on", "off", "maybe", "2");
const anyCase = fc
  .tuple(word, fc.infiniteStream(fc.boolean()))
  .map(([text, upper]) =>
    [...text].map((c) => (upper.next().value ? c.toUpperCase() : c)).join(""),
  );
const switchValue = fc.oneof(
  fc.constant(undefined),
  fc.tuple(blanks, anyCase, blanks).map((parts) => parts.join("")),
  fc.string({ maxLength: 6 }),
);
const allowlist = fc.oneof(
  fc.constantFrom(undefined, "", " ", ",", " ,\n", "octo/demo", "octo/demo,", "a/b c/d"),
  blanks,
);
const unknown = fc.constantFrom({}, { AFK_ALOWLIST: "x" }, { AFK_x: "" }, { AFK_X: undefined });

it("gate and parser agree on every spelling", () => {
  fc.assert(
    fc.property(switchValue, allowlist, unknown, (AFK_KILL_SWITCH, AFK_ALLOWLIST, extra) => {
      const env = { ...REQUIRED, ...extra, AFK_KILL_SWITCH, AFK_ALLOWLIST };
      const gates = readGates(env);
      const parsed = parseConfig(env, undefined);
      if (parsed.kind === "problems") return gates.kind === "unsure";
      expect(parsed.config.gates).toEqual(gates);
      // What each side takes for armed, reached by two ways: the gate's word, and repos to work on.
      return gates.kind === "disabled"
        ? gates.because === "kill-switch" || parsed.config.repos.length === 0
        : parsed.config.repos.length > 0;
    }),
    { numRuns: 2000 },
  );
});

it("only a switch that is plainly off ever opens", () => {
  fc.assert(
    fc.property(switchValue, (AFK_KILL_SWITCH) => {
      const isOpen = readGates({ AFK_KILL_SWITCH, AFK_ALLOWLIST: "a/b" }).kind === "open";
      return isOpen === /^\s*(?:false|0|no|off)\s*$/i.test(AFK_KILL_SWITCH ?? "");
    }),
    { numRuns: 2000 },
  );
});

it("a key that is not known never lets the gate answer", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), switchValue, (suffix, AFK_KILL_SWITCH) => {
      const key = `AFK_${suffix}`;
      fc.pre(!KNOWN_AFK_KEYS.includes(key));
      return readGates({ AFK_KILL_SWITCH, [key]: "x" }).kind === "unsure";
    }),
  );
});
