import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSnapshotSkim } from "../../../src/adapters/agent/t3-skim.ts";

const HEAVY = ["messages", "activities", "checkpoints", "proposedPlans"];
const TALK = ["messages", "activities"];

type Options = {
  readonly conversations?: readonly string[];
  readonly bytesMax?: number;
  readonly conversationsBytesMax?: number;
};

function skimmed(text: string, options: Options = {}, sizes: readonly number[] = [7]): string {
  const skim = createSnapshotSkim({
    isWanted: (id) => id.startsWith("ours"),
    conversations: new Set(options.conversations),
    bytesMax: options.bytesMax ?? 1_000_000,
    conversationsBytesMax: options.conversationsBytesMax ?? 1_000_000,
  });
  const bytes = Buffer.from(text);
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const end = at + (sizes[turn % sizes.length] ?? 1);
    skim.take(bytes.subarray(at, end));
    at = end;
  }
  return skim.text();
}

const anyId = fc.oneof(
  fc.constantFrom("ours-1", "ours-2", 'ours é"\\'),
  fc.string({ unit: "binary" }),
);
const anyField = fc.constantFrom(...HEAVY, "id", "title", "session");
const anyThread = fc
  .tuple(anyId, fc.dictionary(anyField, fc.jsonValue()), fc.boolean())
  .map(([id, { id: _id, ...rest }, isFirst]) => (isFirst ? { id, ...rest } : { ...rest, id }));
const anyDocument = fc.record({
  snapshotSequence: fc.nat(),
  other: fc.jsonValue(),
  projects: fc.array(fc.jsonValue()),
  threads: fc.array(fc.oneof({ weight: 4, arbitrary: anyThread }, fc.jsonValue())),
});
const anySizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });

/** The same by parsing everything first. */
function expected(document: { readonly threads: readonly unknown[] }): unknown {
  const threads = document.threads.map((thread) => {
    if (typeof thread !== "object" || thread === null || Array.isArray(thread)) return thread;
    const fields = thread as Record<string, unknown>;
    const { id } = fields;
    if (typeof id !== "string" || !id.startsWith("ours")) return null;
    return Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, HEAVY.includes(key) ? [] : value]),
    );
  });
  return { ...document, threads };
}

describe("skimming a snapshot", () => {
  it("is parsing it and leaving out what is not wanted, however it is cut and spaced", () => {
    fc.assert(
      fc.property(anyDocument, anySizes, fc.constantFrom(0, 2), (document, sizes, spaces) => {
        const wanted = JSON.parse(JSON.stringify(document)) as typeof document;
        const text = skimmed(JSON.stringify(document, null, spaces), {}, sizes);
        expect(JSON.parse(text)).toEqual(expected(wanted));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [{ id: "ours-1", messages: [1], activities: [2], checkpoints: [3], proposedPlans: [4] }],
    [{ messages: [1], activities: [2], checkpoints: [3], proposedPlans: [4], id: "ours-1" }],
  ])("keeps the conversations that are asked for, wherever the id stands", (thread) => {
    const other = { ...thread, id: "ours-2" };
    const text = JSON.stringify({ threads: [thread, other, { messages: [9], id: "theirs" }] });
    const [asked, , theirs] = JSON.parse(skimmed(text, { conversations: ["ours-1"] })).threads;
    expect(asked).toEqual({ ...thread, checkpoints: [], proposedPlans: [] });
    expect(theirs).toBeNull();
  });

  it("does not mistake the same words elsewhere", () => {
    const nested = { messages: [1], id: "theirs", threads: [{ id: "theirs", messages: [1] }] };
    const document = {
      projects: [{ id: "p", messages: [1] }],
      threads: [{ id: "ours-1", nested }],
    };
    expect(JSON.parse(skimmed(JSON.stringify(document)))).toEqual(document);
  });

  it("holds at the limit and not past it, and what is given up does not count", () => {
    const ours = (bytes: number) =>
      JSON.stringify({ threads: [{ id: "ours-1", t: "x".repeat(bytes) }] });
    const bytesMax = ours(100).length;
    expect(skimmed(ours(100), { bytesMax })).toBe(ours(100));
    expect(() => skimmed(ours(101), { bytesMax })).toThrow(`larger than ${bytesMax} bytes`);
    const theirs = { id: "theirs", t: "x".repeat(10_000) };
    const heavy = { id: "ours-1", messages: ["x".repeat(10_000)] };
    const text = skimmed(JSON.stringify({ threads: [theirs, heavy, theirs] }), { bytesMax: 80 });
    expect(JSON.parse(text).threads).toEqual([null, { id: "ours-1", messages: [] }, null]);
  });

  it.each([[1], [7], [100_000]])(
    "gives up a conversation without room, in pieces of %i",
    (size) => {
      const before = '{"threads":[{"id":"ours-1","messages":';
      const small = {
        id: "ours-2",
        messages: ["a", ["b"]],
        t: { messages: [1] },
        activities: [{}],
      };
      const asked = { conversations: ["ours-1", "ours-2"] };
      const text = (length: number) =>
        `${before}["${"x".repeat(length)}"],"activities":[1] },${JSON.stringify(small)}]}`;
      const threadsAt = (length: number, room: number) => {
        const conversationsBytesMax = before.length + room;
        return JSON.parse(skimmed(text(length), { ...asked, conversationsBytesMax }, [size]))
          .threads;
      };
      const fits = { id: "ours-1", messages: ["x".repeat(1_000)], activities: [1] };
      expect(threadsAt(1_000, 2_000)).toEqual([fits, small]);
      expect(threadsAt(1_000, 1_004)[0]).toEqual({ ...fits, activities: null });
      expect(threadsAt(1_001, 1_004)).toEqual([{ ...fits, messages: null }, small]);
    },
  );

  it("gives up nothing but conversations, whatever room they have", () => {
    const anyRoom = fc.integer({ min: 0, max: 1_000 });
    fc.assert(
      fc.property(anyDocument, anySizes, anyRoom, (document, sizes, conversationsBytesMax) => {
        const whole = JSON.parse(JSON.stringify(document)) as typeof document;
        const ids = whole.threads.map((thread) => String(Object(thread).id));
        const asked = { conversations: ids, conversationsBytesMax };
        const got = JSON.parse(skimmed(JSON.stringify(document), asked, sizes)) as typeof whole;
        const given = got.threads.map((thread, at) => {
          if (typeof thread !== "object" || thread === null || Array.isArray(thread)) return thread;
          const before = whole.threads[at] as Record<string, unknown>;
          const talk = Object.entries(thread).filter(([key]) => TALK.includes(key));
          for (const [key, value] of talk) expect([null, before[key]]).toContainEqual(value);
          return { ...thread, ...Object.fromEntries(talk.map(([key]) => [key, []])) };
        });
        expect({ ...got, threads: given }).toEqual(expected(whole));
      }),
      { numRuns: 500 },
    );
  });

  it("leaves what is no JSON to the parser", () => {
    for (const text of [
      '{"threads":[{"id":"ours-1","t":"\\x"}]}',
      '{"threads":[',
      "}}]]",
      '{"a',
      "",
    ]) {
      expect(() => JSON.parse(skimmed(text))).toThrow(SyntaxError);
    }
  });
});
