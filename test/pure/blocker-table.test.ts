import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type BlockerGraph, judgeBlockers, nodeIdOf } from "../../src/pure/blocker-graph.ts";
import {
  BLOCKER_WORDS_MAX,
  parseBlockerWords,
  type WordsOf,
} from "../../src/pure/blocker-words.ts";
import { decideDispatches, type PollDecision } from "../../src/pure/dispatch-policy.ts";
import { type Blocker, type BlockersSeen, type IssueSeen, issueKey } from "../../src/pure/issue.ts";
import { anIssue, aPollPolicy, aPollSeen, aRepoSeen } from "./builders.ts";

/** `acme/widgets#12`, whose pages are under https://forge.example. */
const HOME = anIssue();
const WEB = "https://forge.example";

/** The issues named, those of the issue's own repo by number alone; or why they cannot be told. */
function named(body: string, of: WordsOf = HOME): readonly string[] | string {
  const words = parseBlockerWords(body, of);
  if (words.kind === "unreadable") return words.why;
  return words.refs.map((ref) => issueKey(ref).replace("acme/widgets#", "#"));
}

type Row = readonly [name: string, body: string, want: readonly string[] | string];

describe("the words of an issue that name its blockers", () => {
  const rows: readonly Row[] = [
    ["are none in an empty text", "", []],
    ["are none where an issue is only mentioned", "See #3 and fixes #4.", []],
    ["name one", "Blocked by #3", ["#3"]],
    ["may stand in the middle of a sentence", "It is blocked by #3, sadly.", ["#3"]],
    ["may have a colon", "Blocked by: #3", ["#3"]],
    ["may be in bold", "**Blocked by:** #3", ["#3"]],
    ["may be joined", "blocked-by #3", ["#3"]],
    ["count in any case", "BLOCKED BY #3\n\ndEpEnDs On #4", ["#3", "#4"]],
    ["may say that it depends", "Depends on #3.", ["#3"]],
    ["may be in brackets", "Later (blocked by #3)", ["#3"]],
    ["may have a noun", "Blocked by issue #3 and pull request #4", ["#3"]],
    [
      "name several, also elsewhere",
      "Blocked by #3, #4 and owner/x#10",
      ["#3", "#4", "owner/x#10"],
    ],
    [
      "name several in every way they are joined",
      "Blocked by #1 & #2 + #3; #4 / #5 or #6, and #7",
      ["#1", "#2", "#3", "#4", "#5", "#6", "#7"],
    ],
    ["name several with nothing but spaces between", "Blocked by #3 #4", ["#3", "#4"]],
    ["end at the first other word", "Blocked by #3, see #4", ["#3"]],
    ["name an issue once", "Blocked by #3, acme/widgets#3 and ACME/Widgets#3", ["#3"]],
    ["know the short form of an own issue", "Blocked by GH-3", ["#3"]],
    ["know a reference in brackets", "Blocked by [#3] and (#4)", ["#3", "#4"]],
    ["count twice in a line", "Blocked by #3; it also depends on #4", ["#3", "#4"]],
    // Over line ends.
    [
      "go on after a comma at the end of a line",
      "Blocked by #3,\n#4 and\n#5.\nSee #6",
      ["#3", "#4", "#5"],
    ],
    ["go on when the line ends with them", "This one is blocked by\n#3", ["#3"]],
    ["end with the paragraph's next other words", "It depends on\nthe weather\n#3", []],
    [
      "count with any line end",
      "Blocked by #3\r\nDepends on #4\rBlocked by #5",
      ["#3", "#4", "#5"],
    ],
    // Addresses.
    ["may be an address", `Blocked by ${WEB}/owner/x/issues/10`, ["owner/x#10"]],
    ["may be the address of a pull request", `Depends on ${WEB}/acme/widgets/pull/9`, ["#9"]],
    [
      "may be an address with a place in the page",
      `Blocked by ${WEB}/o/x/issues/1#issuecomment-5, #3`,
      ["o/x#1", "#3"],
    ],
    ["may be a link", `Blocked by [the parser](${WEB}/o/x/issues/1)`, ["o/x#1"]],
    ["may be an address in angle brackets", `Blocked by <${WEB}/o/x/issues/1>`, ["o/x#1"]],
    ["are no address of another host", "Blocked by https://evil.example/o/x/issues/1", []],
    ["are no address of a host that begins like ours", `Blocked by ${WEB}.evil/o/x/issues/1`, []],
    [
      "are no address of a host that looks like ours",
      "Blocked by https://forgeXexample/o/x/issues/1",
      [],
    ],
    ["are no address that is no issue", `Blocked by ${WEB}/o/x/commit/1`, []],
    // Lists.
    ["may be a heading over a list", "## Blocked by\n\n- #3\n- owner/x#10", ["#3", "owner/x#10"]],
    ["may be a heading with marks", "### 🚧 **Blocked by**: 🚧\n* #3", ["#3"]],
    ["may be a heading that says more before", "## What this depends on\n- #3", ["#3"]],
    ["may be a heading over an ordered list", "# Depends on\n1. #3\n2) #4", ["#3", "#4"]],
    ["may be an underlined heading", "Blocked by\n----------\n\n- #3", ["#3"]],
    [
      "may be a line over a list",
      "This issue is blocked by:\n\n- #3\n- #4\n\nThen\n- #5",
      ["#3", "#4"],
    ],
    ["may be a heading that names one itself", "## Blocked by #3\nSee #4", ["#3"]],
    ["may be an item over inner items", "- Blocked by:\n  - #3", ["#3"]],
    [
      "take boxes, ticked or not",
      "## Blocked by\n- [ ] #3\n- [x] #4\n- [X] #5",
      ["#3", "#4", "#5"],
    ],
    ["take every issue of an item", "## Blocked by\n- The parser (#3), then #4", ["#3", "#4"]],
    [
      "take an item in which nothing is named for nothing",
      "## Blocked by\n- nothing\n- #3",
      ["#3"],
    ],
    ["take an address in an item", `## Blocked by\n- ${WEB}/o/x/issues/1`, ["o/x#1"]],
    ["take plain lines that begin with an issue", "## Blocked by\n#3\nand not #4", ["#3"]],
    ["end with the next heading", "## Blocked by\n- #3\n## Notes\n- #4", ["#3"]],
    ["end with a higher heading", "## Blocked by\n- #3\n# Notes\n- #4", ["#3"]],
    ["go on below an inner heading", "## Blocked by\n### Parser\n- #3", ["#3"]],
    ["are no list before the heading", "- #3\n## Blocked by", []],
    ["are no list below another heading", "## Related\n- #3", []],
    // Negations.
    ["may be denied", "Not blocked by #3", []],
    [
      "may be denied in every way",
      "No longer blocked by #1\nisn't blocked by #2\nIt is not currently blocked by #3\nNever depends on #4\nunblocked by #5",
      [],
    ],
    ["may be denied with a bent apostrophe", "It isn\u2019t blocked by #3", []],
    ["may be denied with stress", "It is **not** blocked by #3", []],
    ["are denied one by one", "Not blocked by #3, but blocked by #4", ["#4"]],
    ["are not denied from afar", "Do not wait: it is blocked by #3", ["#3"]],
    ["may be denied in an item", "## Blocked by\n- not blocked by #3", []],
    [
      "are not denied by what an item denies of another",
      "## Blocked by\n- #3, not blocked by #4",
      ["#3"],
    ],
    ["are no list below a heading that denies", "## Not blocked by\n- #3", []],
    // What does not speak.
    ["do not count in a code span", "`Blocked by #3` and ``Depends ` on #4``", []],
    ["count behind a back-tick that opens nothing", "A ` alone. Blocked by #3", ["#3"]],
    ["count behind back-ticks that are escaped", "\\`Blocked by #3\\`", ["#3"]],
    ["do not count in a code span over two lines", "`so\nBlocked by #3` ends", []],
    ["do not count in a fence", "```\nBlocked by #3\n```\nBlocked by #4", ["#4"]],
    [
      "do not count in a fence of tildes with a name",
      "~~~md\nBlocked by #3\n```\n~~~\nBlocked by #4",
      ["#4"],
    ],
    ["do not count in a fence that never ends", "```\nBlocked by #3", []],
    [
      "do not count in a fence that shorter ones do not end",
      "````\n```\nBlocked by #3\n````\nBlocked by #4",
      ["#4"],
    ],
    [
      "do not count in a fence that an item does not end",
      "```\n- ```\nBlocked by #3\n```\nBlocked by #4",
      ["#4"],
    ],
    [
      "do not count in a fence of an item",
      "- ```\n  Blocked by #3\n  ```\n- Blocked by #4",
      ["#4"],
    ],
    [
      "do not count in an inner fence of an item",
      "1. So:\n\n    ```\n    Blocked by #3\n    ```",
      [],
    ],
    ["count behind three back-ticks in one line", "``` a ``` b\nBlocked by #3", ["#3"]],
    [
      "count behind indented code that looks like a fence",
      "So:\n\n    ```\n\nBlocked by #3",
      ["#3"],
    ],
    ["do not count in indented code", "So:\n\n    Blocked by #3", []],
    ["count in an indented line of a paragraph", "So:\n    Blocked by #3", ["#3"]],
    ["count in an indented line of a list", "- So:\n\n    Blocked by #3", ["#3"]],
    ["do not count in a quote", "> Blocked by #3\n\n- > Blocked by #4", []],
    ["do not count in a comment", "<!-- Blocked by #3 -->", []],
    ["do not count in a comment over lines", "<!--\n\nBlocked by #3\n\n--> Blocked by #4", ["#4"]],
    ["do not count in a comment within a line", "So <!-- Blocked by #3 --> or so", []],
    ["do not count in a comment within a paragraph", "So <!-- that\nBlocked by #3 --> ends", []],
    ["do not count in two comments in a row", "<!-- a --><!-- Blocked by #3 -->", []],
    ["do not count in a comment that never ends", "<!-- \nBlocked by #3", []],
    ["count behind a comment that is empty", "<!--> Blocked by #3", ["#3"]],
    ["count behind a comment in a line that never ends", "So <!-- that <!-- Blocked by #3", ["#3"]],
    ["count behind a comment's mark in a fence", "```\n<!--\n```\nBlocked by #3", ["#3"]],
    // Numbers and names.
    ["name no issue 0", "Blocked by #0", "#0 is no issue number"],
    ["name no issue 0 in a list", "## Blocked by\n- #0", "#0 is no issue number"],
    ["count behind a back-tick of which the first is escaped", "\\`` Blocked by #3", ["#3"]],
    ["go on below a heading and an item without words", "## Blocked by\n###\n-\n- #3", ["#3"]],
    ["end with a heading without words", "## Blocked by\n##\n- #3", []],
    ["name the largest issue", "Blocked by #2147483647", ["#2147483647"]],
    [
      "name none larger",
      "Blocked by #2147483648 and #99999999999",
      "#2147483648 is no issue number",
    ],
    ["are no number with letters behind", "Blocked by #3rd", []],
    ["are no part of longer words", "unblocked by #3, depends once #4", []],
    ["are no words of a path", "Blocked by a/b/c#3", []],
    ["may name the issue itself", "Blocked by #12", ["#12"]],
  ];
  it.each(rows)("%s", (_name, body, want) => {
    expect(named(body)).toEqual(want);
  });

  const many = (count: number) => Array.from({ length: count }, (_, at) => `#${at + 1}`);

  it("may name as many as the limit", () => {
    expect(named(`Blocked by ${many(BLOCKER_WORDS_MAX).join(", ")}`)).toHaveLength(20);
  });

  it("are unreadable past the limit and never cut", () => {
    const tooMany = "the text names more than 20 blockers; name fewer";
    expect(named(`Blocked by ${many(BLOCKER_WORDS_MAX + 1).join(", ")}`)).toBe(tooMany);
    const spread = many(5_000).map((name) => `Blocked by ${name}`);
    expect(named(spread.join("\n"))).toBe(tooMany);
  });

  it("may name one issue as often as they like", () => {
    expect(named("Blocked by #3\n".repeat(1_000))).toEqual(["#3"]);
  });

  it("know no address where the issue's own is strange", () => {
    const body = `Blocked by ${WEB}/o/x/issues/1 and #3, depends on #4`;
    expect(named(body, { ...HOME, url: "https://forge.example/12" })).toEqual(["#4"]);
    expect(named(body, { ...HOME, url: "/acme/widgets/issues/12" })).toEqual(["#4"]);
  });

  it("name issues of the issue's own tracker", () => {
    const repo = { tracker: "forgejo", owner: "acme", name: "widgets" } as const;
    const of = { ref: { repo, number: 12 }, url: HOME.url };
    expect(named("Blocked by #3 and o/x#4", of)).toEqual(["forgejo:#3", "forgejo:o/x#4"]);
  });
});

describe("hostile text takes no longer than it is long", () => {
  const LENGTH = 65_536;
  const rows: readonly string[] = [
    "blocked by ",
    "Not ",
    "not blocked by ",
    "blocked by #1, ",
    "#1 ",
    "a/",
    "a-",
    "a.b/c",
    "[",
    "[a](",
    "(",
    "`",
    "`a``b",
    "\\`",
    "<!--",
    "<!-->",
    "<!-- -->",
    "-->",
    "<",
    " ",
    "\t",
    "\n",
    "\n ",
    "> ",
    "- ",
    "- [ ] ",
    "#",
    "# blocked by\n",
    "Blocked by\n",
    "```\n",
    "~~~~ ",
    `${WEB}/`,
    `${WEB}/a/b/issues/`,
    `${WEB}/a/b/issues/1?`,
    "*_~:",
    "\u2019t ",
  ];
  it.each(rows)("%j over and over", (piece) => {
    const text = piece.repeat(Math.ceil(LENGTH / piece.length)).slice(0, LENGTH);
    const start = performance.now();
    named(text);
    named(`## Blocked by\n- ${text}`);
    named(`Blocked by ${text}`);
    // Quadratic time would take tens of seconds; linear time takes a tenth of one on a busy machine.
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  it("never fails, and names nothing twice", () => {
    const bits = [
      "blocked by",
      "depends on",
      " ",
      "\n",
      "#",
      "1",
      "`",
      "<!--",
      "-->",
      "> ",
      "- ",
      "not ",
      ",",
      "[",
    ];
    const anyText = fc.array(fc.constantFrom(...bits), { maxLength: 60 });
    fc.assert(
      fc.property(anyText, (parts) => {
        const found = named(parts.join(""));
        expect(typeof found === "string" || new Set(found).size === found.length).toBe(true);
      }),
    );
  });
});

type Nodes = Readonly<Record<string, readonly string[] | "closed" | "unreadable">>;

/** Nodes by key: what an open one waits for, or its other state. */
function graph(nodes: Nodes): BlockerGraph {
  return new Map(
    Object.entries(nodes).map(([key, at]) => [
      nodeIdOf(key),
      typeof at === "string" ? { key, state: at, on: ["a#1"] } : { key, state: "open", on: at },
    ]),
  );
}

describe("the blockers of a#1", () => {
  const open = (key: string): Blocker => ({ key, state: "open" });
  const cyclic = (key: string, ...cycle: readonly string[]): Blocker => ({
    key,
    state: "cyclic",
    cycle,
  });
  type GraphRow = readonly [
    name: string,
    on: readonly string[],
    nodes: Nodes,
    want: readonly Blocker[],
  ];
  const rows: readonly GraphRow[] = [
    ["are none", [], {}, []],
    ["are open", ["a#2"], { "a#2": [] }, [open("a#2")]],
    ["are closed", ["a#2"], { "a#2": "closed" }, [{ key: "a#2", state: "closed" }]],
    ["are unreadable", ["a#2"], { "a#2": "unreadable" }, [{ key: "a#2", state: "unreadable" }]],
    ["are unreadable where nothing is known", ["a#2"], {}, [{ key: "a#2", state: "unreadable" }]],
    ["keep their order", ["b#3", "a#2"], { "a#2": [], "b#3": [] }, [open("b#3"), open("a#2")]],
    ["are named once, under any spelling", ["B#2", "b#2"], { "b#2": [] }, [open("b#2")]],
    ["may be the issue itself", ["a#1"], {}, [cyclic("a#1", "a#1", "a#1")]],
    ["may be the issue itself under another spelling", ["A#1"], {}, [cyclic("a#1", "a#1", "a#1")]],
    ["may wait for it", ["a#2"], { "a#2": ["a#1"] }, [cyclic("a#2", "a#1", "a#2", "a#1")]],
    [
      "may wait for it over others",
      ["a#2"],
      { "a#2": ["b#3"], "b#3": ["a#1"] },
      [cyclic("a#2", "a#1", "a#2", "b#3", "a#1")],
    ],
    [
      "name the shortest way round",
      ["a#2"],
      { "a#2": ["b#3", "b#4"], "b#3": ["b#4"], "b#4": ["A#1"] },
      [cyclic("a#2", "a#1", "a#2", "b#4", "a#1")],
    ],
    ["may wait for themselves", ["a#2"], { "a#2": ["a#2"] }, [cyclic("a#2", "a#2", "a#2")]],
    [
      "may wait for a circle of others",
      ["a#2"],
      { "a#2": ["a#3"], "a#3": ["a#4"], "a#4": ["a#3"] },
      [cyclic("a#2", "a#3", "a#4", "a#3")],
    ],
    ["end a circle by being closed", ["a#2"], { "a#2": ["a#3"], "a#3": "closed" }, [open("a#2")]],
    [
      "end a circle by being unreadable",
      ["a#2"],
      { "a#2": ["a#3"], "a#3": "unreadable" },
      [open("a#2")],
    ],
    [
      "go in no circle by meeting again",
      ["a#2"],
      { "a#2": ["a#3", "a#4"], "a#3": ["a#5"], "a#4": ["a#5"], "a#5": [] },
      [open("a#2")],
    ],
    ["are open past what was read", ["a#2"], { "a#2": ["a#3"] }, [open("a#2")]],
    [
      "are judged one by one",
      ["a#2", "a#3", "a#4"],
      { "a#2": ["a#1"], "a#3": [], "a#4": "closed" },
      [cyclic("a#2", "a#1", "a#2", "a#1"), open("a#3"), { key: "a#4", state: "closed" }],
    ],
  ];
  it.each(rows)("%s", (_name, on, nodes, want) => {
    expect(judgeBlockers({ key: "a#1", on }, graph(nodes))).toEqual(want);
  });

  it("are told in a long chain and in a dense crowd", () => {
    const keys = Array.from({ length: 250 }, (_, at) => `a#${at + 2}`);
    const chain = Object.fromEntries(keys.map((key, at) => [key, [keys[at + 1] ?? "a#1"]]));
    const [blocker] = judgeBlockers({ key: "a#1", on: ["a#2"] }, graph(chain));
    expect(blocker?.cycle).toHaveLength(252);
    const few = keys.slice(0, 60);
    const crowd = Object.fromEntries(few.map((key, at) => [key, few.slice(at + 1)]));
    expect(
      judgeBlockers({ key: "a#1", on: few }, graph(crowd)).every(({ state }) => state === "open"),
    ).toBe(true);
  });
});

/** The answer to the one candidate. */
function decide(issue: IssueSeen): PollDecision | undefined {
  return decideDispatches(aPollSeen([aRepoSeen([issue])]), aPollPolicy())[0]?.decision;
}

describe("a candidate", () => {
  const rows: ReadonlyArray<readonly [name: string, blockers: BlockersSeen, want: string]> = [
    ["without blockers starts", { kind: "listed", blockers: [] }, "dispatch"],
    [
      "whose blockers are closed starts",
      { kind: "listed", blockers: [{ key: "a#2", state: "closed" }] },
      "dispatch",
    ],
    ["waits for an open one", { kind: "listed", blockers: [{ key: "a#2", state: "open" }] }, "a#2"],
    [
      "names those it waits for only",
      {
        kind: "listed",
        blockers: [
          { key: "a#2", state: "closed" },
          { key: "b#3", state: "open" },
          { key: "b#4", state: "unreadable" },
        ],
      },
      "b#3, b#4 (unreadable)",
    ],
    [
      "waits for one whose circle is not named",
      { kind: "listed", blockers: [{ key: "a#2", state: "cyclic" }] },
      "a#2 (cyclic)",
    ],
    [
      "names the circle",
      { kind: "listed", blockers: [{ key: "a#2", state: "cyclic", cycle: ["a#1", "a#2", "a#1"] }] },
      "a#2 (cyclic: a#1 → a#2 → a#1)",
    ],
    [
      "waits where blockers are unreadable",
      { kind: "unreadable", why: "too many" },
      "blockers unreadable: too many",
    ],
  ];
  it.each(rows)("%s", (_name, blockers, want) => {
    const decision = decide(anIssue({ blockers }));
    const isStart = want === "dispatch";
    expect(decision).toMatchObject(
      isStart ? { kind: "dispatch" } : { kind: "hold", because: "blocked", detail: want },
    );
  });
});
