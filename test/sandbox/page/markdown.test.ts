import { describe, expect, it } from "vitest";
import { MARKDOWN_CHARACTERS_MAX, renderMarkdown } from "../../../sandbox/page/markdown.ts";

function render(...lines: readonly string[]): string {
  return renderMarkdown(lines.join("\n")).markup;
}

/** What a browser would take for a tag or for an attribute that runs something. */
function liveIn(markup: string): readonly string[] {
  const tags = [...markup.matchAll(/<\/?([a-z0-9]+)([^>]*)>/gi)];
  return tags.flatMap(([whole, name = "", rest = ""]) => {
    const known = /^(h5|h6|p|ul|li|pre|code|div|table|thead|tbody|tr|th|td|strong|small|span|a)$/;
    const fine = /^( (class|scope|tabindex|target|rel|href)="[^"]*")*$/;
    return known.test(name) && fine.test(rest) && !/javascript:/i.test(rest) ? [] : [whole];
  });
}

const rows: ReadonlyArray<readonly [name: string, text: string, want: string]> = [
  ["a heading stands below the page's own", "# Run", "<h5>Run</h5>"],
  ["a deep heading is the smallest there is", "### Run `1`", "<h6>Run <code>1</code></h6>"],
  ["a hash without a space is text", "#12 is open", "<p>#12 is open</p>"],
  ["bold is strong", "**Done.** All of it", "<p><strong>Done.</strong> All of it</p>"],
  ["bold without an end is text", "2 ** 3", "<p>2 ** 3</p>"],
  ["code holds markup as text", "`<b>**x**</b>`", "<p><code>&lt;b&gt;**x**&lt;/b&gt;</code></p>"],
  ["longer code holds backticks", "`` a`b ``", "<p><code>a`b</code></p>"],
  ["code without an end is text", "a ` b", "<p>a ` b</p>"],
  ["an escaped sign is itself", "\\*\\*not bold\\*\\*", "<p>**not bold**</p>"],
  ["small print is small", "<sub>Run `1`</sub>", "<p><small>Run <code>1</code></small></p>"],
  ["a hidden comment between words is gone", "a <!-- b --> c", "<p>a  c</p>"],
  ["a hidden comment without an end is text", "a <!-- b", "<p>a &lt;!-- b</p>"],
  ["a rule of another width makes no table", "| a | b |\n|---|", "<p>| a | b |\n|---|</p>"],
  ["other tags are text", "<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"],
  ["items are a list", "- a\n- **b**", "<ul><li>a</li><li><strong>b</strong></li></ul>"],
  ["lines stay lines in a paragraph", "a\nb\n\nc", "<p>a\nb</p>\n<p>c</p>"],
  ["nothing gives nothing", "", ""],
];

it.each(rows)("%s", (_name, text, want) => {
  expect(renderMarkdown(text).markup).toBe(want);
});

it("a task says in words whether it is done", () => {
  const markup = render("- [x] Pushed", "- [ ] CI: red");
  expect(markup).toContain('<li class="task ticked"><span class="unseen">done: </span>Pushed</li>');
  expect(markup).toContain(
    '<li class="task unticked"><span class="unseen">open: </span>CI: red</li>',
  );
});

it("a table has a head, and as many cells in every row as the head", () => {
  const markup = render("| a | b |", "|---|---|", "| 1 |", "| 2 | x \\| y | more |", "after");
  expect(markup).toContain('<th scope="col">a</th><th scope="col">b</th>');
  expect(markup).toContain("<tr><td>1</td><td></td></tr>");
  expect(markup).toContain("<tr><td>2</td><td>x | y</td></tr>");
  expect(markup).not.toContain("more");
  expect(markup).toContain("<p>after</p>");
});

it("bars without a rule below them are text", () => {
  expect(render("a | b", "c | d")).toBe("<p>a | b\nc | d</p>");
});

it("a link to the web opens beside the page and tells it nothing", () => {
  expect(render("[Open `it`](http://127.0.0.1:1/a?b=1&c=2)")).toBe(
    '<p><a href="http://127.0.0.1:1/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer">' +
      "Open <code>it</code></a></p>",
  );
});

it("a link begins at its own bracket", () => {
  const link = '<a href="http://c/" target="_blank" rel="noopener noreferrer">b</a>';
  expect(render("[a] and [b](http://c/)")).toBe(`<p>[a] and ${link}</p>`);
});

it("a comment that begins a line hides everything to its end, over lines", () => {
  expect(render("a", "<!-- b", "c -->", "d")).toBe("<p>a</p>\n<p>d</p>");
});

it("a comment without an end hides the rest, as forges do", () => {
  expect(render("a", "<!-- b", "c")).toBe("<p>a</p>");
});

it("a fence shows what is in it as it is, comments too, until a fence as long as its own", () => {
  expect(render("````text", "<!-- b -->", "```", "**c**", "````", "d")).toBe(
    '<pre tabindex="0"><code>&lt;!-- b --&gt;\n```\n**c**</code></pre>\n<p>d</p>',
  );
});

describe("hostile text", () => {
  const hostile: readonly string[] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "# <svg/onload=alert(1)>",
    "- [x] <iframe src=//evil.example>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    '[a](http://x/" onmouseover="alert(1))',
    '[a](http://x/"onmouseover="alert`1`)',
    "[<img src=x onerror=alert(1)>](http://x/)",
    "[a [b](http://x/)](http://y/)",
    "`</code><script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "| <b onclick=alert(1)> | b |\n|---|---|\n| <script>x</script> | [a](vbscript:x) |",
    "<!-- a --><script>alert(1)</script>",
    "a <!-- b --><script>alert(1)</script>",
    "<sub><script>alert(1)</script></sub>",
    "<sub onclick=alert(1)>x</sub>",
    "**<u>**x</u>**",
    "\\<script>alert(1)\\</script>",
    "&lt;script&gt; &#x3c;b&#x3e;",
    "\u0000<\u0000script>\u0000|\u0000\n|-|-|",
  ];

  it.each(hostile)("%j has nothing live in it", (text) => {
    expect(liveIn(renderMarkdown(text).markup)).toEqual([]);
  });

  it("what counts as live is recognised", () => {
    expect(liveIn("<script>")).toHaveLength(1);
    expect(liveIn('<p onclick="x">')).toHaveLength(1);
    expect(liveIn('<a href="javascript:x">')).toHaveLength(1);
  });

  it("an entity is shown as it was written", () => {
    expect(render("&lt;b&gt;")).toBe("<p>&amp;lt;b&amp;gt;</p>");
  });

  const long = ["[", "**", "`", "`` ` ", "<!--", "a <!--", "<sub>", "|", "\\", "[a](", "- ", "\n"];

  // Seconds would hold up every reader; a search that looked at the whole text each time takes minutes.
  it.each(long)("nothing but %j takes no time", { timeout: 3_000 }, (part) => {
    const text = part.repeat(Math.ceil(MARKDOWN_CHARACTERS_MAX / part.length));
    expect(liveIn(renderMarkdown(text).markup)).toEqual([]);
  });

  it("text is shown up to the limit and cut past it", () => {
    const whole = "a".repeat(MARKDOWN_CHARACTERS_MAX);
    expect(renderMarkdown(whole).markup).toBe(`<p>${whole}</p>`);
    expect(renderMarkdown(`${whole}a`).markup).toBe(`<p>${whole}…</p>`);
  });
});
