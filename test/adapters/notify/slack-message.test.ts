import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseContent, renderContent } from "../../../sandbox/slack/content.ts";
import {
  renderSlackMessage,
  type SlackMessage,
} from "../../../src/adapters/notify/slack-message.ts";
import type { Doorbell } from "../../../src/pure/ports/notifier.ts";

const BELL: Doorbell = {
  key: "0123456789ab-verdict",
  title: "Done: o/r#7",
  body: "Landed.",
  urgency: "quiet",
  tags: [],
  link: null,
};

function message(bell: Partial<Doorbell>): SlackMessage {
  return renderSlackMessage({ ...BELL, ...bell });
}

function wordsOf(bell: Partial<Doorbell>, type: "header" | "section"): string | null {
  for (const block of message(bell).blocks) {
    if (block.type !== "actions" && block.type === type) return block.text.text;
  }
  return null;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function kindsOf(bell: Partial<Doorbell>): readonly string[] {
  return message(bell).blocks.map((block) => block.type);
}

describe("a header", () => {
  it("of 150 characters is whole, of one more is cut", () => {
    expect(wordsOf({ title: "t".repeat(150) }, "header")).toBe("t".repeat(150));
    expect(wordsOf({ title: "t".repeat(151) }, "header")).toBe(`${"t".repeat(149)}…`);
  });

  it("is cut between characters", () => {
    const cut = wordsOf({ title: `t${"🔔".repeat(75)}` }, "header");
    expect(cut).toBe(`t${"🔔".repeat(74)}…`);
  });

  it("is one line, with the tags that are emojis before it", () => {
    const tags = ["snowflake", "not an emoji", ":x:", "<!channel>", "+1"];
    const header = wordsOf({ title: " Frozen:\n\to/r#7 ", tags }, "header");
    expect(header).toBe(":snowflake: :+1: Frozen: o/r#7");
  });

  it("is left out without a title", () => {
    expect(kindsOf({ title: " \n" })).toEqual(["section"]);
    expect(message({ title: "" }).text).toBe("Landed.");
  });
});

describe("a body", () => {
  it("of 3,000 characters is whole, of one more is cut", () => {
    expect(wordsOf({ body: "b".repeat(3_000) }, "section")).toBe("b".repeat(3_000));
    expect(wordsOf({ body: "b".repeat(3_001) }, "section")).toBe(`${"b".repeat(2_999)}…`);
  });

  it("is left out when there are no words, which Slack would refuse", () => {
    expect(kindsOf({ body: " \n " })).toEqual(["header"]);
    expect(message({ body: "" }).text).toBe("Done: o/r#7");
  });

  it("keeps its lines", () => {
    expect(wordsOf({ body: "one\ntwo\n\nthree\n" }, "section")).toBe("one\ntwo\n\nthree");
  });

  it("that would make the message too large is cut so that it stays within 11,500 bytes", () => {
    const long = message({ body: "\u0001".repeat(3_000), link: "https://t3.example/" });
    expect(bytesOf(long)).toBeLessThanOrEqual(11_500);
    expect(bytesOf(long)).toBeGreaterThan(11_500 - 12);
    expect(long.blocks.map((block) => block.type)).toEqual(["header", "section", "actions"]);
  });

  it("that just fits the message is whole", () => {
    // The title fills the fallback, so that the body's bytes count once.
    const title = "t".repeat(5_000);
    const room = 11_500 - bytesOf(message({ title, body: "x" })) + 1;
    const fitting = "\u0001".repeat(Math.floor(room / 6)) + "x".repeat(room % 6);
    expect(wordsOf({ title, body: fitting }, "section")).toBe(fitting);
    expect(bytesOf(message({ title, body: fitting }))).toBe(11_500);
    expect(wordsOf({ title, body: `${fitting}x` }, "section")).toMatch(/…$/);
  });

  it("with half a character in it is still sent", () => {
    expect(wordsOf({ body: "a\ud83db" }, "section")).toBe("a\ufffdb");
  });
});

describe("the fallback text", () => {
  it("is title and body with the three characters escaped that Slack reads", () => {
    const { text } = message({ title: "a & b", body: '<!here> "quoted" it\'s > 1' });
    expect(text).toBe('a &amp; b\n&lt;!here&gt; "quoted" it\'s &gt; 1');
  });

  it("of 3,000 bytes as escaped is whole, of one more is cut", () => {
    const whole = { title: "", body: "b".repeat(3_000) };
    expect(message(whole).text).toBe("b".repeat(3_000));
    const { text } = message({ title: "t", body: "b".repeat(2_999) });
    // The line break between the two takes two bytes in JSON, the ellipsis three.
    expect(text).toBe(`t\n${"b".repeat(2_994)}…`);
  });

  it("is cut between characters and never inside an entity", () => {
    const { text } = message({ title: "", body: "<".repeat(2_000) });
    expect(text).toMatch(/^(?:&lt;){749}…$/);
  });
});

describe("the button", () => {
  it.each([
    ["none without a link", null],
    ["none for a link that does not parse", "t3.example/thread"],
    ["none for a link that is not of the web", "javascript:alert(1)"],
    ["none for a link of 3,001 characters", `https://t3.example/${"x".repeat(3_001 - 19)}`],
  ])("is %s", (_name, link) => {
    expect(kindsOf({ link })).toEqual(["header", "section"]);
  });

  it.each([
    ["a link of 3,000 characters", `https://t3.example/${"x".repeat(3_000 - 19)}`],
    ["a link on this machine", "http://127.0.0.1:3773/env/thread?a=1&b=2"],
  ])("opens %s", (_name, link) => {
    const [, , actions] = message({ link }).blocks;
    expect(actions).toMatchObject({ type: "actions", elements: [{ type: "button", url: link }] });
  });
});

describe("any bell", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 5_000 }),
    fc.string({
      unit: fc.constantFrom("\u0001", "&", "<", "🔔", "漢", "\n", "x"),
      minLength: 3_000,
      maxLength: 5_000,
    }),
  );
  const bells = fc.record({ title: text, body: text, link: fc.option(fc.webUrl()) });

  it("is a message that Slack takes, without a mention, and with no link but the button", () => {
    fc.assert(
      fc.property(bells, (bell) => {
        const rendered = message({ ...bell, title: `t${bell.title}` });
        expect(bytesOf(rendered)).toBeLessThanOrEqual(11_500);
        const content = parseContent({ ...rendered, parse: "none", link_names: false });
        if (typeof content === "string") throw new Error(content);
        const { fallback, blocks } = renderContent(content);
        const words = [fallback, ...blocks.slice(0, bell.link === null ? undefined : -1)].flat();
        expect(words.filter((segment) => segment.kind !== "text")).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
