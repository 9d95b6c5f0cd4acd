import { findReadyEvent } from "../pure/approval.ts";
import { decideDispatches, type PollPolicy, type PollSeen } from "../pure/dispatch-policy.ts";
import { type ActingApp, type IssueSeen, issueKey } from "../pure/issue.ts";
import type { ActingAppQuery } from "../pure/ports/tracker.ts";
import type { ReadDeps } from "./deps.ts";

/**
 * A refused winner makes way for the next in its repo, who is asked about in the next round. Three refusals in one
 * repo in one tick say that an App puts labels on there; who is left waits for a person to list it.
 */
const ROUNDS_MAX = 4;

/**
 * Reads through which App the labels of those that would start were put on, until every one that would still start
 * is known. Past the last round what is not known counts as unreadable, so that nothing starts on it.
 */
export async function observeActingApps(
  deps: ReadDeps,
  first: PollSeen,
  policy: PollPolicy,
): Promise<PollSeen> {
  let seen = first;
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const unknown = unknownWinners(seen, policy);
    if (unknown.length === 0) return seen;
    const read = await deps.tracker.reader.readActingApps(unknown);
    const apps = unknown.map(({ eventId }, index): readonly [string, ActingApp] => [
      eventId,
      read[index] ?? { kind: "unreadable", why: "no answer" },
    ]);
    seen = { ...seen, actingApps: new Map([...seen.actingApps, ...apps]) };
  }
  if (unknownWinners(seen, policy).length === 0) return seen;
  return { ...seen, actingApps: withTheRest(seen, policy) };
}

/** The approvals that would start a run although nobody asked through which App they came. */
function unknownWinners(seen: PollSeen, policy: PollPolicy): readonly ActingAppQuery[] {
  const winners = decideDispatches(seen, policy).filter(
    ({ decision }) => decision.kind === "dispatch",
  );
  const issues = issuesByKey(seen);
  return winners.flatMap(({ issue: ref }) => {
    const eventId = approvalIdOf(issues.get(issueKey(ref)), policy);
    return eventId === null || seen.actingApps.has(eventId) ? [] : [{ ref, eventId }];
  });
}

function withTheRest(seen: PollSeen, policy: PollPolicy): ReadonlyMap<string, ActingApp> {
  const why = `not asked: already ${ROUNDS_MAX} rounds of labels in this tick`;
  const rest = [...issuesByKey(seen).values()].flatMap((issue) => {
    const eventId = approvalIdOf(issue, policy);
    return eventId === null ? [] : [[eventId, { kind: "unreadable", why }] as const];
  });
  return new Map<string, ActingApp>([...rest, ...seen.actingApps]);
}

/** Whether it is known through which App an issue's approval came. */
export function isAppKnown(seen: PollSeen, policy: PollPolicy, issue: IssueSeen): boolean {
  const eventId = approvalIdOf(issue, policy);
  return eventId !== null && seen.actingApps.has(eventId);
}

function approvalIdOf(issue: IssueSeen | undefined, policy: PollPolicy): string | null {
  if (issue === undefined) return null;
  return findReadyEvent(issue, policy.labels.ready)?.id ?? null;
}

function issuesByKey({ repos }: PollSeen): ReadonlyMap<string, IssueSeen> {
  const issues = repos.flatMap((repo) => (repo.kind === "readable" ? repo.issues : []));
  return new Map(issues.map((issue) => [issueKey(issue.ref), issue]));
}
