import type { SeenRequest } from "../../sandbox/forge/faults.ts";
import type { Counted, RequestWorld } from "./request-world.ts";

/** What one tick cost in one state of the world. */
export type Measured = {
  readonly scenario: string;
  readonly requests: number;
  /** The most it may take; null where none is promised. */
  readonly requestsMax: number | null;
  /** `GET /user`, `GraphQL ListRepos`, `write POST …`; how often each. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Of the hourly GraphQL budget. */
  readonly points: number;
  /** Of the forge, the agent server and the doorbells. */
  readonly writes: number;
};

/** A fleet as the promise names it. */
export const REPOS = 50;
const RUNS = 10;
const READY = 20;
/** Of the runs, those that wait for CI and not for their agent. */
const LANDED = 5;
/** Far more than a run of either kind needs until nothing of it changes any more. */
const SETTLING_TICKS_MAX = 10;

/** A poll over a fleet without a labelled issue; promised for `REPOS` only. */
export async function measureIdle(world: RequestWorld, repos: number): Promise<Measured> {
  const requestsMax = repos === REPOS ? 5 : null;
  return toMeasured(`poll, ${repos} repos, idle`, requestsMax, await world.poll(repos));
}

/**
 * Fills the capacity, half of the runs waiting for their agent and half for CI, labels more issues
 * than can start, and measures both ticks once nothing changes any more.
 */
export async function measureBusy(world: RequestWorld): Promise<readonly Measured[]> {
  const issues = world.repos.slice(0, RUNS).map((repo) => world.readyIssue(repo));
  const { summary } = await world.poll(REPOS);
  if (summary.dispatched !== RUNS) {
    throw new Error(`not ${RUNS} runs were dispatched: ${JSON.stringify(summary)}`);
  }
  world.startTurns();
  for (const issue of issues.slice(0, LANDED)) await world.land(issue);
  for (const repo of world.repos.slice(RUNS, RUNS + READY)) world.readyIssue(repo);
  await settle(world);
  const about = `${REPOS} repos, ${RUNS} runs`;
  const polled = await world.poll(REPOS);
  const watched = await world.watch(REPOS);
  expectStill(polled.summary.held, { "at-capacity": READY });
  expectStill(watched.summary.waiting, { agent: RUNS - LANDED, ci: LANDED });
  return [
    toMeasured(`poll, ${about}, ${READY} ready, at capacity`, 12, polled),
    toMeasured(`watch, ${about}, nothing changed`, 6, watched),
  ];
}

async function settle(world: RequestWorld): Promise<void> {
  for (let tick = 0; tick < SETTLING_TICKS_MAX; tick += 1) {
    world.advanceMinute();
    const [polled, watched] = [await world.poll(REPOS), await world.watch(REPOS)];
    if (polled.summary.failed + watched.summary.failed > 0) {
      throw new Error(`a tick failed: ${JSON.stringify([polled.summary, watched.summary])}`);
    }
    if (polled.writes + watched.writes === 0) return;
  }
  throw new Error(`something is still written after ${SETTLING_TICKS_MAX} ticks`);
}

/** A world that is not in the state its scenario is named for proves nothing. */
function expectStill(
  found: Readonly<Record<string, number>>,
  wanted: Readonly<Record<string, number>>,
): void {
  for (const [kind, count] of Object.entries(wanted)) {
    if ((found[kind] ?? 0) >= count) continue;
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
  }
}

function toMeasured(
  scenario: string,
  requestsMax: number | null,
  { seen, writes }: Counted<unknown>,
): Measured {
  const kinds: Record<string, number> = {};
  let points = 0;
  for (const request of seen) {
    const kind = kindOf(request);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    points += request.points;
  }
  return { scenario, requests: seen.length, requestsMax, kinds, points, writes };
}

/** Requests that differ only in what they name are of one kind. */
function kindOf({ method, path, operation, isWrite }: SeenRequest): string {
  if (operation !== undefined) return `GraphQL ${operation}`;
  const bare = path.split("?")[0] ?? "";
  const general = bare
    .replace(/^\/repos\/[^/]+\/[^/]+/, "/repos/…")
    .replaceAll(/\/([0-9a-f]{40}|\d+)(?=\/|$)/g, "/…");
  return `${isWrite ? "write " : ""}${method} ${general}`;
}

/** Why a measurement breaks its promise; null when it does not. */
export function brokenPromise(measured: Measured): string | null {
  const { scenario, requests, requestsMax, writes } = measured;
  if (writes > 0) return `${scenario}: ${writes} writes, where nothing changed`;
  if (requestsMax === null || requests <= requestsMax) return null;
  return `${scenario}: ${requests} requests, at most ${requestsMax} are allowed`;
}
