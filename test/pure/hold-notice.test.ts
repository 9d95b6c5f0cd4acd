import { describe, expect, it } from "vitest";

import {
  decideDispatches,
  type HoldBecause,
  type PollDecision,
} from "../../src/pure/dispatch-policy.ts";
import { decideHoldNotice, type HoldNotice } from "../../src/pure/hold-notice.ts";
import type { Blocker, BlockersSeen, IssueSeen, Permission } from "../../src/pure/issue.ts";
import { renderHoldNotice } from "../../src/pure/notices.ts";
import {
  anIssue,
  aPollPolicy,
  aPollSeen,
  aRepoSeen,
  aVerdict,
  bodyOf,
  labeled,
  labels,
  maria,
  recordOf,
  RUN_ID,
  THREAD_ID,
} from "./builders.ts";

function notice(
  decision: PollDecision,
  issue: IssueSeen = anIssue(),
  permission: Permission | null = "write",
): HoldNotice | null {
  const permissions = new Map(permission === null ? [] : [[maria.id, permission]]);
  const repo = aRepoSeen([issue], { permissions });
  return decideHoldNotice({ issue, repo, decision, policy: aPollPolicy() });
}

function hold(because: HoldBecause): PollDecision {
  return { kind: "hold", because, detail: "why" };
}

function blockedBy(blockers: BlockersSeen): IssueSeen {
  return anIssue({ blockers });
}

function listed(...states: readonly Blocker["state"][]): IssueSeen {
  const blockers = states.map((state, at) => ({ key: `acme/widgets#${at + 1}`, state }));
  return blockedBy({ kind: "listed", blockers });
}

const SAID = { approvalEventId: "labeled-ready-for-agent", detail: "why" };

describe("a hold is said", () => {
  type Row = readonly [name: string, because: HoldBecause, issue: IssueSeen, reason: string];
  const rows: readonly Row[] = [
    ["when the text was edited", "edited-after-approval", anIssue(), "edited-after-approval"],
    ["when a human took it", "human-label", anIssue(), "human-label"],
    ["when a blocker goes in a circle", "blocked", listed("open", "cyclic"), "blocker-cyclic"],
    [
      "when a blocker cannot be read",
      "blocked",
      listed("open", "unreadable"),
      "blocker-unreadable",
    ],
    ["for the circle first", "blocked", listed("unreadable", "cyclic"), "blocker-cyclic"],
    [
      "when no blocker can be read",
      "blocked",
      blockedBy({ kind: "unreadable", why: "" }),
      "blocker-unreadable",
    ],
  ];
  it.each(rows)("%s", (_name, because, issue, reason) => {
    expect(notice(hold(because), issue)).toEqual({ ...SAID, reason });
  });
});

it("a hold names the way round", () => {
  const [here, there] = ["acme/widgets#12", "acme/widgets#3"];
  const blocker: Blocker = { key: there, state: "cyclic", cycle: [here, there, here] };
  const issue = blockedBy({ kind: "listed", blockers: [blocker] });
  const [answer] = decideDispatches(aPollSeen([aRepoSeen([issue])]), aPollPolicy());
  const said = notice(answer?.decision ?? hold("blocked"), issue);
  const way = `${here} → ${there} → ${here}`;
  expect(said).toEqual({ ...SAID, reason: "blocker-cyclic", detail: `${there} (cyclic: ${way})` });
  const comment = said === null ? "" : renderHoldNotice(said);
  expect(comment).toContain(way);
});

describe("a hold is not said", () => {
  const silent: readonly HoldBecause[] = [
    "not-open",
    "is-pull-request",
    "paused",
    "approval-already-used",
    "approval-not-found",
    "issue-unreadable",
    "untrusted-labeler",
    "agent-server",
    "repo-locked",
    "draining",
    "base-red",
    "at-capacity",
    "slot-taken",
  ];
  it.each(silent)("because of %s", (because) => {
    expect(notice(hold(because))).toBeNull();
  });

  it("because of open blockers, which clear themselves", () => {
    expect(notice(hold("blocked"), listed("open", "closed"))).toBeNull();
  });

  it("where there is none", () => {
    expect(notice({ kind: "dispatch", runId: RUN_ID, threadId: THREAD_ID })).toBeNull();
  });

  const edited = hold("edited-after-approval");
  const stranger = { ...maria, id: "8", login: "stranger" };
  const rows: ReadonlyArray<
    readonly [name: string, issue: IssueSeen, permission: Permission | null]
  > = [
    ["in answer to somebody who may not write", anIssue(), "read"],
    ["in answer to somebody whose permission was not read", anIssue(), null],
    [
      "in answer to a stranger",
      anIssue({ events: [labeled(labels.ready, { actor: stranger })] }),
      "write",
    ],
    [
      "in answer to nobody",
      anIssue({ events: [labeled(labels.ready, { actor: { kind: "unknown" } })] }),
      "write",
    ],
    ["of an approval that was not read", anIssue({ events: [] }), "write"],
    [
      "where comments are too many to see whether it was said",
      anIssue({ ownComments: { kind: "truncated", comments: [] } }),
      "write",
    ],
    [
      "of an approval that a run has used: its verdict says more",
      anIssue({ comments: [bodyOf(recordOf(anIssue(), { verdict: aVerdict() }))] }),
      "write",
    ],
    [
      "of an approval that a run has used whose record is damaged",
      anIssue({ comments: [`<!-- afk:run=${RUN_ID} -->`] }),
      "write",
    ],
  ];
  it.each(rows)("%s", (_name, issue, permission) => {
    expect(notice(edited, issue, permission)).toBeNull();
  });

  it("twice, but again for a newer approval", () => {
    const again = labeled(labels.ready, { id: "again" });
    const earlier = bodyOf(recordOf(anIssue(), { verdict: aVerdict() }));
    const issue = anIssue({ events: [labeled(labels.ready), again], comments: [earlier] });
    expect(notice(edited, issue)).toMatchObject({ approvalEventId: "again" });
  });
});
