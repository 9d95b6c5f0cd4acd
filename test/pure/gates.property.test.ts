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
    Array.from(text, (c) => (upper.next().value ? c.toUpperCase() : c)).join(""),
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

function isPlainlyOff(value: string | undefined): boolean {
  return /^\s*(?:false|0|no|off)\s*$/i.test(value ?? "");
}

it("gate and parser agree on every spelling", () => {
  fc.assert(
    fc.property(switchValue, allowlist, unknown, (AFK_KILL_SWITCH, AFK_ALLOWLIST, extra) => {
      const env = { ...REQUIRED, ...extra, AFK_KILL_SWITCH, AFK_ALLOWLIST };
      const gates = readGates(env);
      const parsed = parseConfig(env, undefined);
      const read = parsed.kind === "ok" ? parsed.config.gates : { kind: "unsure" };
      expect(read).toEqual(gates);
      // The gate only counts entries; the parser understands them. Both must see the same repos or none.
      const repos = parsed.kind === "ok" ? parsed.config.repos.length : 0;
      const isListed = /\w/.test(AFK_ALLOWLIST ?? "");
      expect(repos > 0).toBe(parsed.kind === "ok" && isListed);
      expect(gates.kind === "open").toBe(repos > 0 && isPlainlyOff(AFK_KILL_SWITCH));
    }),
    { numRuns: 500 },
  );
});

it("only a switch that is plainly off ever opens", () => {
  fc.assert(
    fc.property(switchValue, (AFK_KILL_SWITCH) => {
      const isOpen = readGates({ AFK_KILL_SWITCH, AFK_ALLOWLIST: "a/b" }).kind === "open";
      expect(isOpen).toBe(isPlainlyOff(AFK_KILL_SWITCH));
    }),
    { numRuns: 2000 },
  );
});

it("a key that is not known never lets the gate answer", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), switchValue, (suffix, AFK_KILL_SWITCH) => {
      const key = `AFK_${suffix}`;
      fc.pre(!KNOWN_AFK_KEYS.includes(key));
      expect(readGates({ AFK_KILL_SWITCH, [key]: "x" }).kind).toBe("unsure");
    }),
  );
});
