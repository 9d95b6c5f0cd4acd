import { describe, expect, it } from "vitest";
import { type Parsing, renderMrkdwn, type Segment } from "../../../sandbox/slack/mrkdwn.ts";

const NONE: Parsing = { parse: "none" };
const FULL: Parsing = { parse: "full" };

function text(words: string): Segment {
  return { kind: "text", text: words };
}

function mention(whom: string): Segment {
  return { kind: "mention", whom };
}

function link(url: string, words = url): Segment {
  return { kind: "link", url, text: words };
}

type Row = readonly [mrkdwn: string, parsing: Parsing, want: readonly Segment[]];

describe("mrkdwn is read as Slack reads it", () => {
  const sequences: readonly Row[] = [
    ["", NONE, []],
    ["plain", NONE, [text("plain")]],
    ["<!channel>", NONE, [mention("!channel")]],
    ["<!here|here> now", NONE, [mention("!here"), text(" now")]],
    ["<!everyone>", NONE, [mention("!everyone")]],
    ["<!subteam^S1|@admins>", NONE, [mention("!subteam^S1")]],
    ["hi <@U1>!", NONE, [text("hi "), mention("@U1"), text("!")]],
    ["<@W1|ada>", NONE, [mention("@W1")]],
    ["<#C1|general>", NONE, [link("#C1", "general")]],
    ["<https://a.example|Open>", NONE, [link("https://a.example", "Open")]],
    ["<https://a.example/?a=1&amp;b=2>", NONE, [link("https://a.example/?a=1&b=2")]],
    ["<mailto:a@b.example>", NONE, [link("mailto:a@b.example")]],
    ["a <b> c", NONE, [text("a <b> c")]],
    ["<!channel", NONE, [text("<!channel")]],
    ["< <!channel> >", NONE, [text("< "), mention("!channel"), text(" >")]],
  ];
  const escaped: readonly Row[] = [
    ["&lt;!channel&gt;", NONE, [text("<!channel>")]],
    ["&lt;https://a.example|Open&gt;", NONE, [text("<https://a.example|Open>")]],
    ["&amp;lt;", NONE, [text("&lt;")]],
    ["&quot;&#60;", NONE, [text("&quot;&#60;")]],
  ];
  const bare: readonly Row[] = [
    ["see https://a.example.", NONE, [text("see https://a.example.")]],
    ["see https://a.example now", {}, [text("see "), link("https://a.example"), text(" now")]],
    ["a.example", {}, [text("a.example")]],
    ["a.example", FULL, [link("http://a.example", "a.example")]],
    ["@here #general", {}, [text("@here #general")]],
    ["@here #general", { ...NONE, link_names: false }, [text("@here #general")]],
    ["@here", { ...NONE, link_names: true }, [mention("@here")]],
    ["to #general", { ...NONE, link_names: true }, [text("to "), link("#general")]],
    ["@ada and #general", FULL, [mention("@ada"), text(" and "), link("#general")]],
    ["o/r#7 a@b", FULL, [text("o/r#7 a@b")]],
    ["&lt;@here&gt;", FULL, [text("<"), mention("@here"), text(">")]],
  ];

  it.each([...sequences, ...escaped, ...bare])("%j with %j", (mrkdwn, parsing, want) => {
    expect(renderMrkdwn(mrkdwn, parsing)).toEqual(want);
  });
});
