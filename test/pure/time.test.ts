import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatIso, parseIso } from "../../src/pure/time.ts";

const valid: ReadonlyArray<readonly [text: string, ms: number]> = [
  ["1970-01-01T00:00:00Z", 0],
  ["2026-03-01T12:00:00Z", Date.UTC(2026, 2, 1, 12)],
  ["2026-03-01T12:00:00+00:00", Date.UTC(2026, 2, 1, 12)],
  ["2026-12-31T23:59:59.9Z", Date.UTC(2026, 11, 31, 23, 59, 59, 900)],
  ["2026-12-31T23:59:59.123456789Z", Date.UTC(2026, 11, 31, 23, 59, 59, 123)],
  ["2000-02-29T00:00:00Z", Date.UTC(2000, 1, 29)],
  ["1969-12-31T23:59:59Z", -1000],
];

const invalid: ReadonlyArray<readonly [name: string, text: string]> = [
  ["nothing", ""],
  ["a date alone", "2026-03-01"],
  ["a time without zone", "2026-03-01T12:00:00"],
  ["another zone", "2026-03-01T12:00:00+01:00"],
  ["a space for the T", "2026-03-01 12:00:00Z"],
  ["an empty fraction", "2026-03-01T12:00:00.Z"],
  ["a fraction of ten digits", "2026-03-01T12:00:00.1234567890Z"],
  ["a month 0", "2026-00-01T12:00:00Z"],
  ["a month 13", "2026-13-01T12:00:00Z"],
  ["a day 0", "2026-03-00T12:00:00Z"],
  ["a 30 February", "2026-02-30T12:00:00Z"],
  ["a 29 February of a common year", "2026-02-29T12:00:00Z"],
  ["a 29 February of a century", "1900-02-29T12:00:00Z"],
  ["an hour 24", "2026-03-01T24:00:00Z"],
  ["a minute 60", "2026-03-01T12:60:00Z"],
  ["a second 60", "2026-03-01T12:00:60Z"],
  ["something after it", "2026-03-01T12:00:00Zulu"],
  ["a line end after it", "2026-03-01T12:00:00Z\n"],
];

/** Every millisecond of the years 0 to 9999. */
const anyMs = fc
  .integer({ min: Date.UTC(0, 0, 1) - 1900 * 366 * 86_400_000, max: 253_402_300_799_999 })
  .filter((ms) => new Date(ms).getUTCFullYear() >= 0);

describe("parseIso", () => {
  it.each(valid)("reads %s", (text, ms) => {
    expect(parseIso(text)).toBe(ms);
  });

  it.each(invalid)("%s is no time", (_name, text) => {
    expect(parseIso(text)).toBeNull();
  });

  it("agrees with Date on every time that Date writes", () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        expect(parseIso(new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });

  it("reads whatever is shaped like a time as Date does, or not at all", () => {
    const part = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, "0"));
    const year = fc.integer({ min: 1000, max: 9999 });
    const shaped = fc
      .tuple(year, part, part, part, part, part)
      .map(([y, mo, d, h, mi, s]) => `${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
    fc.assert(
      fc.property(shaped, (text) => {
        const ms = parseIso(text);
        const asDate = ms === null ? null : new Date(ms).toISOString().replace(".000Z", "Z");
        expect([null, text]).toContain(asDate);
      }),
    );
  });
});

describe("formatIso", () => {
  it("agrees with Date, to the second", () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        expect(formatIso(ms)).toBe(`${new Date(ms).toISOString().slice(0, 19)}Z`);
      }),
    );
  });

  it("is read back as the same second", () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        expect(parseIso(formatIso(ms))).toBe(Math.floor(ms / 1000) * 1000);
      }),
    );
  });
});
