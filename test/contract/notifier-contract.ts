import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { Doorbell, Notifier } from "../../src/pure/ports/notifier.ts";

/** One doorbell service as people see it, and the port that is put to the test. */
export type NotifierWorld = AsyncDisposable & {
  readonly notifier: Notifier;
  /** What no error may tell. */
  readonly secrets: readonly string[];
  /** What the service shows now: the words and the link of each notification, as one text. */
  shown(): readonly string[];
  /** How many requests the service has seen. */
  requests(): number;
  /** `broken`: connections end without an answer. */
  setDown(how: "no" | "unavailable" | "broken"): void;
  /** The port with credentials that the service does not take. They are among the secrets. */
  refused(): Notifier;
};

/** A run record keeps no longer receipt. */
const RECEIPT_CHARS_MAX = 200;

const BELL: Doorbell = {
  key: "0123456789ab/verdict/needs-human",
  title: "Needs a human: acme/widgets#7",
  body: "The agent stalled.",
  urgency: "loud",
  tags: ["warning"],
  link: "https://t3.example/env-1/afk-0123456789ab-7-0",
};

const ODD: ReadonlyArray<readonly [what: string, bell: Partial<Doorbell>]> = [
  ["a long title", { title: "Title ".repeat(1000) }],
  ["a long body", { body: "Word ".repeat(20_000) }],
  ["a long body of emojis", { body: "👩‍🚒".repeat(5000) }],
  [
    "a body of line breaks and control characters",
    { body: "a\r\nb\u0000\u001b[31mc\n".repeat(3000) },
  ],
  ["half a character", { title: "half \ud83d", body: "\udc4b half" }],
  [
    "markup",
    { title: "<!channel> *x* @here", body: "</script><https://evil.invalid|click> & `x`" },
  ],
  ["no body", { body: "" }],
  ["no link", { link: null }],
  ["a link that is none", { link: "not a link" }],
  ["tags that are no emojis", { tags: ["", "not a tag!", "x".repeat(300)] }],
  ["no tags", { tags: [] }],
  ["a key of foreign letters", { key: "ключ / 鍵 ".repeat(50) }],
];

/** What every notifier promises. */
export function describeNotifier(name: string, openWorld: () => Promise<NotifierWorld>): void {
  describe(`${name} as a notifier`, () => {
    it("shows the words and the link of each bell, with one request", async () => {
      await using world = await openWorld();
      const { notifier } = world;
      expect(notifier.name).toMatch(/^[a-z]+$/);
      for (const [ring, urgency] of (["loud", "quiet"] as const).entries()) {
        const title = `${BELL.title}, ${urgency}`;
        await notifier.ring({ ...BELL, key: urgency, title, urgency }, null);
        expect(world.requests()).toBe(ring + 1);
        expect(world.shown()).toHaveLength(ring + 1);
        for (const words of [title, BELL.body, BELL.link]) {
          expect(world.shown()[ring]).toContain(words);
        }
      }
    });

    it("answers receipts that a record can keep, and shows every bell that is rung with one", async () => {
      await using world = await openWorld();
      let receipt: string | null = null;
      for (const [ring, urgency] of (["loud", "loud", "quiet", "quiet"] as const).entries()) {
        const bell = { ...BELL, key: `key-${ring}`, body: `Bell number ${ring}.`, urgency };
        const answer: string | null = await world.notifier.ring(bell, receipt);
        receipt = answer ?? receipt;
        expect((receipt ?? "").length).toBeLessThanOrEqual(RECEIPT_CHARS_MAX);
        expect(world.shown().join()).toContain(bell.body);
        expect(world.requests()).toBe(ring + 1);
      }
    });

    it("rings also with a receipt that it never gave", async () => {
      await using world = await openWorld();
      for (const [ring, receipt] of ["", "fake-1", "C0SANDBOX/1.1", "x".repeat(200)].entries()) {
        const body = `Bell number ${ring}.`;
        await world.notifier.ring({ ...BELL, body, urgency: "quiet" }, receipt);
        expect(world.shown().join()).toContain(body);
      }
    });

    it("rings whatever a bell says", async () => {
      await using world = await openWorld();
      for (const [what, change] of ODD) {
        const before = world.shown().length;
        await world.notifier.ring({ ...BELL, ...change }, null);
        expect([what, world.shown().length]).toEqual([what, before + 1]);
      }
    });

    it("rings a bell of the same key again", async () => {
      await using world = await openWorld();
      await world.notifier.ring(BELL, null);
      await world.notifier.ring({ ...BELL, body: "Again." }, null);
      expect(world.shown().join()).toContain("Again.");
    });

    it.each([["unavailable"], ["broken"]] as const)(
      "throws, once and without a secret, while the service is %s, and rings when it is back",
      async (how) => {
        await using world = await openWorld();
        world.setDown(how);
        const told = await refusalOf(world.notifier);
        expect([world.requests(), world.shown()]).toEqual([1, []]);
        for (const secret of world.secrets) expect(told).not.toContain(secret);
        world.setDown("no");
        await world.notifier.ring(BELL, null);
        expect(world.shown()).toHaveLength(1);
      },
    );

    it("throws without a secret when it is not let in", async () => {
      await using world = await openWorld();
      const told = await refusalOf(world.refused());
      for (const secret of world.secrets) expect(told).not.toContain(secret);
      expect([world.secrets.includes(""), world.shown()]).toEqual([false, []]);
    });
  });
}

/** Everything an error tells, its causes included. */
async function refusalOf(notifier: Notifier): Promise<string> {
  const error: unknown = await notifier.ring(BELL, null).then(
    () => "it rang",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).not.toBe("");
  return inspect(error, { depth: null, showHidden: true });
}
