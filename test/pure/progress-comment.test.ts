import { describe, expect, it } from "vitest";

import { phaseEvidence, renderProgress, threadLinkOf } from "../../src/pure/progress-comment.ts";
import { decodeComment } from "../../src/pure/run-record-codec.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import {
  anEnd,
  aRecord,
  aSha,
  aTurn,
  aVerdict,
  links,
  RUN_ID,
  startedAgo,
  THREAD_ID,
} from "./builders.ts";

/** What a person reads: everything but the hidden lines. */
function visible(record: RunRecord): string {
  return renderProgress(record, links).replace(/<!--.*-->/g, "");
}

function commit(name: string, phases: RunRecord["commits"][number]["phases"] = []) {
  return { sha: aSha(name), phases, parent: null, firstSeen: startedAgo(0) };
}

describe("the progress comment", () => {
  it("begins with its marker, ends with its record, and says the rest between them", () => {
    const record = aRecord({
      turns: [
        aTurn({
          firstSeen: startedAgo(0),
          end: anEnd({ outcome: { kind: "pushed", sha: aSha("one") } }),
        }),
      ],
      commits: [commit("one", ["tests-red", "green"])],
      ciSeen: "pending",
      waitingOn: "ci",
    });
    const text = renderProgress(record, links);
    expect(text.split("\n").slice(0, -1)).toEqual([
      `<!-- afk:run=${RUN_ID} -->`,
      `### afk run \`${RUN_ID}\`: waiting on ci`,
      "",
      `[Open the agent's thread](https://t3.example/env-1/${THREAD_ID})`,
      "",
      "- [x] Started in its own worktree: the agent was seen working",
      "- [x] Failing test written: a commit says so in its trailer",
      "- [x] Tests green on the agent's side: a commit says so in its trailer",
      `- [x] Pushed to the default branch: commit ${aSha("one").slice(0, 12)}`,
      "- [ ] CI: still running",
      "- [ ] Deployed: not configured for this repo",
      "",
      "| turn | attempt | asked at | came to |",
      "|---|---|---|---|",
      `| first | 1 | 2026-03-01T11:59:00Z | pushed \`${aSha("one").slice(0, 12)}\` |`,
      "",
      "Approved by `maria` at 2026-03-01T11:00:00Z. Usage is unmetered: AFK_BUDGET_USD is not enforced.",
      "",
    ]);
    expect(decodeComment({ id: "c1", body: text }, record.issue)).toMatchObject({ record });
  });

  it("is the same text for the same record", () => {
    expect(renderProgress(aRecord(), links)).toBe(renderProgress(aRecord(), links));
  });

  const headlines: ReadonlyArray<readonly [headline: string, record: Partial<RunRecord>]> = [
    ["dispatching", { state: "dispatching" }],
    ["dispatching", { state: "dispatching", waitingOn: "ci" }],
    ["under way", {}],
    ["waiting on human-answer", { waitingOn: "human-answer" }],
    ["**done** (green)", { verdict: aVerdict(), waitingOn: "ci" }],
    ["**done** (green)", { verdict: aVerdict({ detail: " <!-- x --> \n" }) }],
    [
      "**needs-human** (blocked): `ask 'me' @team <b>`",
      {
        verdict: aVerdict({
          kind: "needs-human",
          because: "blocked",
          detail: "ask `me`\n@team <b><!-- -->",
        }),
      },
    ],
  ];
  it.each(headlines)("says %s", (headline, record) => {
    const [, line] = renderProgress(aRecord(record), links).split("\n");
    expect(line).toBe(`### afk run \`${RUN_ID}\`: ${headline}`);
  });

  it("shows of a verdict no more than a line", () => {
    const verdict = aVerdict({ detail: "x".repeat(2000) });
    const [, line = ""] = renderProgress(aRecord({ verdict }), links).split("\n");
    expect(line).toContain(`\`${"x".repeat(299)}…\``);
  });

  const turns: ReadonlyArray<readonly [state: string, turn: Parameters<typeof aTurn>[0]]> = [
    ["asked for", {}],
    ["running", { firstSeen: startedAgo(0) }],
    ["over", { end: anEnd() }],
    ["failed", { end: anEnd({ how: "failed" }) }],
    ["limit-reached", { end: anEnd({ how: "limit-reached" }) }],
    ["blocked", { end: anEnd({ outcome: { kind: "blocked", words: "no key | @team" } }) }],
  ];
  it.each(turns)("says of a turn that it is %s", (state, turn) => {
    const record = aRecord({ turns: [aTurn({ attempt: 2, kind: "nudge", ...turn })] });
    expect(visible(record)).toContain(`| nudge | 3 | 2026-03-01T11:59:00Z | ${state} |`);
  });

  it("says when there was no turn, and links to none", () => {
    const text = visible(aRecord({ turns: [] }));
    expect(text).toContain("No turn was asked for.");
    expect(text).not.toContain("| turn |");
    expect(text).not.toContain("](");
  });

  it("shows the newest twenty turns", () => {
    const some = (count: number): string =>
      visible(
        aRecord({ turns: Array.from({ length: count }, (_, attempt) => aTurn({ attempt })) }),
      );
    expect(some(20)).toContain("| first | 1 |");
    expect(some(21)).not.toContain("| first | 1 |");
    expect(some(21)).toContain("| first | 21 |");
  });

  it("says that a metered run is metered, and that a rebuilt one was lost", () => {
    const text = visible(aRecord({ metering: "metered", isRebuilt: true }));
    expect(text).toContain("Usage is metered.");
    expect(text).toContain("was lost and rebuilt: every attempt counts as spent.");
  });

  it("says of an approval that was not found again only what is known", () => {
    const approval = {
      eventId: "unknown",
      actor: { id: "unknown", login: "unknown" },
      at: "",
      textHash: "",
    };
    expect(visible(aRecord({ approval }))).toContain("Approved by `unknown`. Usage");
  });

  it("lets nothing of a record that somebody edited be live", () => {
    const { approval } = aRecord();
    const login = "x`\n\n@team <!-- afk:run=0123456789ab --> #1";
    const text = visible(
      aRecord({ approval: { ...approval, actor: { id: "7", login }, at: "@team" } }),
    );
    expect(text).toContain("Approved by `x' @team #1`.");
  });
});

describe("the link to the thread", () => {
  it("is that of the newest turn's thread", () => {
    const turns = [aTurn(), aTurn({ threadId: "afk-0123456789ab-12-1" })];
    const link = "https://t3.example/env-1/afk-0123456789ab-12-1";
    expect(threadLinkOf(aRecord({ turns }), links)).toBe(link);
  });

  it("is none where the server never named itself", () => {
    expect(threadLinkOf(aRecord({ environmentId: "" }), links)).toBeNull();
    expect(visible(aRecord({ environmentId: "" }))).not.toContain("](");
  });
});

describe("what a record proves of the phases", () => {
  it("is nothing at its beginning", () => {
    expect(phaseEvidence(aRecord())).toEqual({
      firstTurnSeenRunning: false,
      hasTestsRedTrailer: false,
      hasGreenTrailer: false,
      pushedSha: null,
      ci: "none-yet",
      deploy: "not-configured",
    });
  });

  it("is the work of every turn and every commit", () => {
    const record = aRecord({
      turns: [aTurn({ wasSeenEarlier: true }), aTurn()],
      commits: [commit("one", ["tests-red"]), commit("two", ["green"])],
    });
    expect(phaseEvidence(record)).toMatchObject({
      firstTurnSeenRunning: true,
      hasTestsRedTrailer: true,
      hasGreenTrailer: true,
      pushedSha: aSha("two"),
    });
  });

  type Row = readonly [ci: string, when: string, record: Partial<RunRecord>];
  const commits = [commit("one")];
  const rows: readonly Row[] = [
    ["none-yet", "nothing was pushed, whatever was seen", { ciSeen: "green" }],
    ["red", "it was seen red", { commits, ciSeen: "red" }],
    ["green", "it was seen green", { commits, ciSeen: "green" }],
    ["green", "the verdict says so", { commits, ciSeen: "pending", verdict: aVerdict() }],
    [
      "not-configured",
      "the verdict says that there is none",
      { commits, verdict: aVerdict({ because: "no-ci-declared" }) },
    ],
    [
      "red",
      "another verdict was reached on a red",
      { commits, ciSeen: "red", verdict: aVerdict({ kind: "frozen", because: "no-new-commit" }) },
    ],
  ];
  it.each(rows)("is CI %s when %s", (ci, _when, record) => {
    expect(phaseEvidence(aRecord(record)).ci).toBe(ci);
  });
});
