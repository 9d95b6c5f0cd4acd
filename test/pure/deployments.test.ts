import { describe, expect, it } from "vitest";

import {
  type Deployment,
  type DeploymentState,
  type DeploymentsSeen,
  judgeDeployments,
} from "../../src/pure/deployments.ts";

let ids = 0;

function deployment(
  sha: string,
  state: DeploymentState,
  more: Partial<Deployment> = {},
): Deployment {
  ids += 1;
  const createdAt = "2026-01-01T00:00:00Z";
  return { id: String(ids), sha, state, creatorId: "1", createdAt, url: null, ...more };
}

const LATER = { createdAt: "2026-01-01T00:00:01Z" };
const ANYBODY = { environment: "production" };
const ONE = { environment: "production", creators: ["1", "2"] };

function read(...deployments: readonly Deployment[]) {
  return { kind: "read" as const, environment: "production", deployments };
}

function told(seen: DeploymentsSeen, policy: typeof ANYBODY = ANYBODY): string {
  const { verdict, sha } = judgeDeployments(seen, policy, ["a", "b", "c"]);
  const names = "names" in verdict ? `: ${verdict.names.join()}` : "";
  return `${verdict.kind}${sha === null ? "" : ` on ${sha}`}${names}`;
}

const PENDING = "deployment to production";

type Row = readonly [name: string, deployments: readonly Deployment[], want: string];
const rows: readonly Row[] = [
  ["nothing deployed says nothing", [], "none"],
  ["a success is green", [deployment("a", "success")], "green on a"],
  ["one that was superseded was deployed", [deployment("a", "inactive")], "green on a"],
  ["a failure is red", [deployment("a", "failure")], "red on a"],
  ["one under way is pending", [deployment("a", "pending")], `pending on a: ${PENDING}`],
  ["one given up is inconclusive", [deployment("a", "inconclusive")], "inconclusive on a"],
  ["a descendant's counts", [deployment("c", "success")], "green on c"],
  ["another commit's does not", [deployment("x", "success")], "none"],
  ["another commit's failure is none of it", [deployment("x", "failure")], "none"],
  [
    "a descendant's success answers for a failure",
    [deployment("a", "failure"), deployment("b", "success")],
    "green on b",
  ],
  [
    "a success stands whatever fails later",
    [deployment("a", "success"), deployment("b", "failure")],
    "green on a",
  ],
  [
    "the first that failed or is under way decides",
    [deployment("b", "failure"), deployment("a", "pending")],
    `pending on a: ${PENDING}`,
  ],
  [
    "a failure decides before a later one that is under way",
    [deployment("b", "pending"), deployment("a", "failure")],
    "red on a",
  ],
  [
    "one given up is answered by a later one",
    [deployment("a", "inconclusive"), deployment("c", "pending")],
    `pending on c: ${PENDING}`,
  ],
  [
    "of one commit the newest counts",
    [deployment("a", "failure"), deployment("a", "success", LATER)],
    "green on a",
  ],
  [
    "of one commit the newest counts the other way",
    [deployment("a", "failure", LATER), deployment("a", "success")],
    "red on a",
  ],
  [
    "deployed once more, it is pending again",
    [deployment("a", "pending", LATER), deployment("a", "failure")],
    `pending on a: ${PENDING}`,
  ],
  [
    "two of one second both count",
    [deployment("a", "success"), deployment("a", "failure")],
    "red on a",
  ],
];

describe("deployments of a line of commits", () => {
  it.each(rows)("%s", (_name, deployments, want) => {
    expect(told(read(...deployments))).toBe(want);
  });

  const creators: readonly Row[] = [
    ["of somebody named count", [deployment("a", "success", { creatorId: "2" })], "green on a"],
    ["of anybody else do not", [deployment("a", "success", { creatorId: "3" })], "none"],
    ["of nobody do not", [deployment("a", "success", { creatorId: null })], "none"],
    [
      "of anybody else hide no failure",
      [deployment("a", "success", { creatorId: "3", ...LATER }), deployment("a", "failure")],
      "red on a",
    ],
  ];
  it.each(creators)("%s where creators are named", (_name, deployments, want) => {
    expect(told(read(...deployments), ONE)).toBe(want);
  });

  it("that could not be read are pending, and say so", () => {
    const seen: DeploymentsSeen = { kind: "unreadable", environment: "production", why: "503" };
    expect(told(seen)).toBe(`pending: ${PENDING} (could not be read: 503)`);
  });

  it("of which only the newest were read are pending, and say so, unless one of them answers", () => {
    const cut = { ...read(deployment("x", "success")), isTruncated: true } as const;
    expect(told(cut)).toBe(`pending: ${PENDING} (of many deployments only the newest were read)`);
    expect(told({ ...read(deployment("b", "success")), isTruncated: true } as const)).toBe(
      "green on b",
    );
  });

  it("show what failed with its log and its words", () => {
    const failed = deployment("a", "failure", { url: "https://log.example", words: "no probe" });
    const { verdict } = judgeDeployments(read(failed, deployment("b", "failure")), ANYBODY, ["a"]);
    expect(verdict).toMatchObject({
      kind: "red",
      failing: [
        { name: PENDING, source: "deployment", url: "https://log.example", words: "no probe" },
      ],
    });
  });
});
