import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  COMMENT_CHARACTERS_MAX,
  DETAIL_CHARACTERS_MAX,
  findHoldNotice,
  findNotice,
  holdMarker,
  type HoldReason,
  NOTICE_LIST_MAX,
  noticeMarker,
  renderHoldNotice,
  renderNotice,
  tellVerdict,
} from "../../src/pure/notices.ts";
import type { Verdict, VerdictBecause, VerdictKind } from "../../src/pure/verdict.ts";

const RUN = "0123456789ab";

const base = {
  runId: RUN,
  issueKey: "octo/demo#7",
  verdict: { kind: "frozen", because: "fix-forward-exhausted", detail: "unit is red" } as Verdict,
  threadLink: "https://t3.example/env/afk-1",
  commits: ["abcdef1234"],
};

/** Which verdicts each reason may come with; complete, so that a new reason must be told here too. */
const kinds: Readonly<Record<VerdictBecause, VerdictKind>> = {
  green: "done",
  "no-ci-declared": "done",
  "cancelled-by-person": "cancelled",
  budget: "needs-human",
  unanswered: "needs-human",
  "would-not-stop": "needs-human",
  "dispatch-failed": "needs-human",
  "edited-after-approval": "needs-human",
  lost: "needs-human",
  "commit-vanished": "needs-human",
  "provider-limit": "needs-human",
  "turn-failed": "needs-human",
  blocked: "needs-human",
  "already-done": "needs-human",
  "not-reproducible": "needs-human",
  stalled: "needs-human",
  "no-new-commit": "frozen",
  "base-red": "needs-human",
  "fix-forward-exhausted": "frozen",
  "no-verdict": "needs-human",
  "no-ci": "needs-human",
  orphan: "needs-human",
  "not-understood": "needs-human",
};

describe("finding the notice of a run", () => {
  const mine = { id: "2", body: `${noticeMarker(RUN)}\n**Done.**` };
  const rows = [
    ["among others", [{ id: "1", body: "hello" }, mine], "2"],
    ["the first of two", [mine, { ...mine, id: "3" }], "2"],
    [
      "written with line ends of Windows",
      [{ id: "4", body: mine.body.replace("\n", "\r\n") }],
      "4",
    ],
    ["that is nothing but its marker", [{ id: "5", body: noticeMarker(RUN) }], "5"],
    ["not where there is none", [], null],
    ["not another run's", [{ id: "6", body: noticeMarker("ffffffffffff") }], null],
    ["not where the marker stands further down", [{ id: "7", body: `x\n${mine.body}` }], null],
    [
      "not where words stand beside the marker",
      [{ id: "8", body: `x ${noticeMarker(RUN)}` }],
      null,
    ],
    ["not a hold's", [{ id: "9", body: holdMarker(RUN, "human-label") }], null],
  ] as const;
  it.each(rows)("%s", (_name, comments, want) => {
    expect(findNotice(comments, RUN)?.id ?? null).toBe(want);
  });

  it("a notice that was rendered is found again", () => {
    expect(findNotice([{ id: "1", body: renderNotice(base) }], RUN)?.id).toBe("1");
  });
});

describe("the notice", () => {
  it("tells what happened, the evidence, what to do next, and where the thread is", () => {
    expect(renderNotice({ ...base, checks: [{ name: "unit", url: "https://ci/1" }] })).toBe(
      [
        "<!-- afk:notice run=0123456789ab -->",
        "**Frozen.** CI is still red after every attempt the agent was allowed.",
        "",
        "```text",
        "unit is red",
        "```",
        "",
        "Checks:",
        "",
        "- `unit` ([open](https://ci/1))",
        "",
        "Commits of this run:",
        "",
        "- abcdef1234",
        "",
        "**Next:** The default branch is red: mend or revert it. To try again, put the ready label on once more: that starts a new run.",
        "",
        "[Open the agent's thread](https://t3.example/env/afk-1)",
        "",
        "<sub>Run `0123456789ab` of `octo/demo#7`</sub>",
      ].join("\n"),
    );
  });

  it("leaves out what there is not", () => {
    const verdict: Verdict = { kind: "cancelled", because: "cancelled-by-person", detail: " " };
    const text = renderNotice({ ...base, verdict, threadLink: null, commits: [], checks: [] });
    expect(text).not.toMatch(/```|Commits|Checks|thread|Careful/);
    expect(text).toContain("**Cancelled.**");
  });

  it.each(Object.entries(kinds) as [VerdictBecause, VerdictKind][])(
    "of %s is told in whole sentences, with a next step",
    (because, kind) => {
      const text = renderNotice({ ...base, verdict: { kind, because, detail: "" } });
      expect(text).toContain(tellVerdict(because));
      expect(tellVerdict(because)).toMatch(/^[A-Z].*\.$/);
      expect(text).toMatch(/\*\*Next:\*\* [A-Z].*\./);
      expect(text.includes("label")).toBe(text.includes("ready label"));
    },
  );

  it("says when an agent may still be working", () => {
    expect(renderNotice({ ...base, mayStillRun: true })).toContain(
      "**Careful:** an agent may still be working",
    );
    expect(renderNotice({ ...base, mayStillRun: false })).not.toContain("Careful");
  });

  it.each([
    ["hand", "An account that agents use had closed this issue"],
    ["commit", "A commit had closed this issue by a keyword"],
    ["pull-request", "A pull request had closed this issue"],
  ] as const)("says what had closed the issue that is reopened: %s", (reopenedAfter, words) => {
    expect(renderNotice({ ...base, reopenedAfter })).toContain(`${words}`);
    expect(renderNotice(base)).not.toContain("open again");
  });

  it("lets neither mentions nor references in foreign text live", () => {
    const hostile = "@octocat #1 ``` octo/demo#2 <!-- x --> https://github.com/a/b/issues/3";
    const text = renderNotice({
      ...base,
      issueKey: hostile,
      verdict: { ...base.verdict, detail: `${hostile}\n${hostile}` },
      commits: [hostile],
      checks: [{ name: hostile, url: `https://x/)${hostile}` }],
      threadLink: `javascript:${hostile}`,
    });
    const live = text.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "").replace(/`[^`\n]*`/g, "");
    expect(live).not.toMatch(/@|#\d|https?:|javascript:/);
    expect(text.match(/<!--/g)).toHaveLength(1);
  });

  it.each([
    ["a plain address", "https://ci.example/a?b=c#d", true],
    ["an address that ends its link", "https://ci.example/a)b", false],
    ["an address with a blank", "https://ci.example/a b", false],
    ["an address with an invisible character", "https://ci.example/a\u200bb", false],
    ["another scheme", "ftp://ci.example/a", false],
    ["500 characters", `https://${"x".repeat(492)}`, true],
    ["501 characters", `https://${"x".repeat(493)}`, false],
  ])("a check's page, %s, is a link: %#", (_name, url, isLinked) => {
    const text = renderNotice({ ...base, checks: [{ name: "unit", url }] });
    expect(text.includes(`([open](${url}))`)).toBe(isLinked);
    expect(text).toContain("- `unit`");
  });

  it("can name a check without a page", () => {
    expect(renderNotice({ ...base, checks: [{ name: "unit", url: null }] })).toContain(
      "\n- `unit`\n",
    );
  });

  it.each([
    ["abcdef1", "- abcdef1"],
    ["a".repeat(40), `- ${"a".repeat(40)}`],
    ["a".repeat(41), `- \`${"a".repeat(41)}\``],
    ["abcdef", "- `abcdef`"],
    ["main", "- `main`"],
  ])("commit %s is left bare only when it is a sha", (sha, want) => {
    expect(renderNotice({ ...base, commits: [sha] }).split("\n")).toContain(want);
  });

  it("lists as much as the limit says and counts the rest", () => {
    const commits = Array.from({ length: NOTICE_LIST_MAX + 1 }, () => "abcdef1");
    const atLimit = renderNotice({ ...base, commits: commits.slice(1) });
    expect(atLimit.match(/^- abcdef1$/gm)).toHaveLength(NOTICE_LIST_MAX);
    expect(atLimit).not.toContain("- and");
    const above = renderNotice({ ...base, commits });
    expect(above.match(/^- abcdef1$/gm)).toHaveLength(NOTICE_LIST_MAX);
    expect(above).toContain("- and 1 more");
  });

  it("shows evidence at the limit whole and cuts what is longer", () => {
    const detail = "d".repeat(DETAIL_CHARACTERS_MAX);
    const show = (text: string) =>
      renderNotice({ ...base, verdict: { ...base.verdict, detail: text } });
    expect(show(detail)).toContain(`\n${detail}\n`);
    expect(show(`${detail}d`)).toContain(`\n${detail.slice(1)}…\n`);
  });

  it("stays within a comment's limit with the longest of everything", () => {
    const long = "`".repeat(30).concat("x").repeat(3000);
    const text = renderNotice({
      runId: RUN,
      issueKey: long,
      verdict: { ...base.verdict, detail: long },
      threadLink: `https://${long}`,
      commits: Array.from({ length: 50 }, () => long),
      checks: Array.from({ length: 50 }, () => ({
        name: long,
        url: `https://ci/${"x".repeat(480)}`,
      })),
      mayStillRun: true,
    });
    expect(text.length).toBeGreaterThan(DETAIL_CHARACTERS_MAX);
    expect(text.length).toBeLessThan(COMMENT_CHARACTERS_MAX);
  });
});

describe("the notice of a hold", () => {
  const reasons: readonly HoldReason[] = [
    "edited-after-approval",
    "human-label",
    "blocker-unreadable",
    "blocker-cyclic",
  ];

  it.each(reasons)("for %s says why and what to do, and is found again", (reason) => {
    const body = renderHoldNotice({ approvalEventId: "LE_1", reason, detail: "octo/other#3 @x" });
    expect(body).toMatch(
      /^<!-- afk:hold approval=LE_1 reason=[a-z-]+ -->\n\*\*On hold\.\*\* [A-Z]/,
    );
    expect(body).toContain("```text\nocto/other#3 @x\n```");
    expect(body).toMatch(/\n\*\*Next:\*\* [A-Z].*\.$/);
    const found = findHoldNotice([{ id: "1", body }], { approvalEventId: "LE_1", reason });
    expect(found?.id).toBe("1");
  });

  it("is said once per approval and reason: another of either is another notice", () => {
    const body = renderHoldNotice({ approvalEventId: "LE_1", reason: "human-label", detail: "" });
    const find = (approvalEventId: string, reason: HoldReason) =>
      findHoldNotice([{ id: "1", body }], { approvalEventId, reason });
    expect(find("LE_2", "human-label")).toBeNull();
    expect(find("LE_1", "blocker-cyclic")).toBeNull();
    expect(body).not.toContain("```");
  });

  it("is cut like any evidence", () => {
    const detail = "d".repeat(DETAIL_CHARACTERS_MAX);
    const show = (text: string) =>
      renderHoldNotice({ approvalEventId: "1", reason: "blocker-cyclic", detail: text });
    expect(show(detail)).toContain(`\n${detail}\n`);
    expect(show(`${detail}d`)).toContain("…\n");
  });

  const unit = fc.constantFrom("-", ">", "--", "-->", "a", "%", " ", "\n", "\ud800", "漢", "=");
  const anyId = fc.string({ unit, maxLength: 6 });

  it("no id of an event ends the marker's comment or shares it with another id", () => {
    fc.assert(
      fc.property(anyId, fc.oneof(anyId, fc.constant("a-")), (one, other) => {
        const marker = holdMarker(one, "human-label");
        expect(marker.indexOf("-->")).toBe(marker.length - 3);
        expect(marker).not.toContain("\n");
        const isSameId = one.toWellFormed() === other.toWellFormed();
        expect(marker === holdMarker(other, "human-label")).toBe(isSameId);
      }),
    );
  });
});
