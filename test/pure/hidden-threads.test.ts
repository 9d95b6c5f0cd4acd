import { describe, expect, it } from "vitest";
import { needsHiddenThreads } from "../../src/pure/hidden-threads.ts";
import type { RepoSeen } from "../../src/pure/issue.ts";
import type { AgentSeen } from "../../src/pure/thread.ts";
import {
  anAgent,
  anIssue,
  aRecord,
  aRepoSeen,
  aThread,
  aVerdict,
  bodyOf,
  type IssueOverrides,
  labels,
} from "./builders.ts";

const LABELLED = [labels.inProgress];
const running = bodyOf(aRecord());
const concluded = bodyOf(aRecord({ verdict: aVerdict() }));
const later = bodyOf(aRecord({ runId: "0123456789ab", turns: [] }));
const listed: AgentSeen = { ...anAgent([aThread()]), isActiveOnly: true };
const unlisted: AgentSeen = { ...anAgent(), isActiveOnly: true };

function needs(agent: AgentSeen, repo: RepoSeen): boolean {
  return needsHiddenThreads([repo], agent, labels.inProgress);
}

describe("archived and deleted threads are needed", () => {
  const rows: ReadonlyArray<readonly [name: string, AgentSeen, IssueOverrides, boolean]> = [
    ["not while the run's thread is active", listed, { comments: [running] }, false],
    ["for a run whose thread is not listed", unlisted, { comments: [running] }, true],
    ["for no run that is over", unlisted, { labels: [], comments: [concluded] }, false],
    [
      "for a verdict that is still carried out",
      unlisted,
      { labels: LABELLED, comments: [concluded] },
      true,
    ],
    [
      "for no earlier run of a labelled issue",
      unlisted,
      { labels: LABELLED, comments: [concluded, later] },
      false,
    ],
    ["for a lock label without a record", listed, { labels: LABELLED }, true],
    [
      "for a lock label whose record is damaged",
      listed,
      { labels: LABELLED, comments: ["<!-- afk:run=0123456789ab -->\nno record"] },
      true,
    ],
    [
      "for no damaged record without the label",
      unlisted,
      { comments: ["<!-- afk:run=0123456789ab -->\nno record"] },
      false,
    ],
    ["for no issue without a run", unlisted, {}, false],
  ];
  it.each(rows)("%s", (_name, agent, issue, isNeeded) => {
    expect(needs(agent, aRepoSeen([anIssue(issue)]))).toBe(isNeeded);
  });

  it("for an issue that could not be read", () => {
    const { ref } = anIssue();
    const issuesUnreadable = [{ ref, why: "too long", updatedAt: "2026-03-01T00:00:00Z" }];
    expect(needs(listed, aRepoSeen([], { issuesUnreadable }))).toBe(true);
  });

  it("for no repo that could not be read", () => {
    const { ref } = aRepoSeen([]).facts;
    expect(needs(unlisted, { kind: "unreadable", ref, why: "502" })).toBe(false);
  });

  it("never where all are listed, or the server is silent", () => {
    const repo = aRepoSeen([anIssue({ comments: [running] })]);
    expect(needs(anAgent(), repo)).toBe(false);
    expect(needs({ kind: "unreadable", why: "no route" }, repo)).toBe(false);
  });
});
