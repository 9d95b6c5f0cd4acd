import { type IssueRef, issueKey, type RepoRef, repoKey } from "../../src/pure/issue.ts";
import type { DeployPolicy, RepoPolicy, RolloutPolicy } from "../../src/pure/limits.ts";
import { deploymentTitle } from "../../src/pure/deployments.ts";
import { rolloutTitle } from "../../src/pure/rollout.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { MARIA, RED_LOG, STRANGER, type World } from "../loops/world.ts";
import type { DeliveryAct } from "./moves.ts";
import { createRandom, pickWeighted } from "./random.ts";

/** The account that deploys what is green. */
export const PIPELINE_ID = "9";
const STRANGER_ID = STRANGER.kind === "account" ? STRANGER.id : "";

const WHY = "planned trouble";

/** What becomes of a deployment, and of a rollout, that nobody has a hand in. */
const ENDS = {
  good: 62,
  red: 14,
  /** It fails, and a later one of another's commit succeeds before anybody looks. */
  overtaken: 5,
  /** Good, and before it somebody deploys whose deployments need not count. */
  "a-strangers-first": 12,
  "given-up": 2,
  hangs: 2,
  "never-comes": 3,
} as const;
type End = keyof typeof ENDS;

/** How likely it is in one step that what is due comes: deployments are late. */
const COMES = 0.6;

/**
 * One step of every repo's pipeline: the newest green commit is deployed, and what was deployed is rolled out. What
 * becomes of it follows from the seed and the commit.
 */
export function deliverOn(world: World, seed: number, pace: "as-they-please" | "swift"): void {
  for (const repo of world.settings.repos) {
    const { deploy, rollout, ci } = policyOf(world, repo);
    if (deploy === undefined && rollout === undefined) continue;
    const head = world.tracker.headOf(repo);
    if (head === null || !isBuilt(world, head, ci)) continue;
    const random = createRandom(seed, `${head} ${world.clock.now()}`);
    const comes = (): boolean => pace === "swift" || random.chance(COMES);
    const endOf = (what: string): End => pickWeighted(createRandom(seed, `${head} ${what}`), ENDS);
    if (deploy !== undefined && comes())
      deployOn(world, { repo, deploy, head, end: endOf("deploy") });
    const isDue = deploy === undefined || deployedOf(world, repo, deploy).includes(head);
    if (rollout !== undefined && isDue && comes())
      rollOutOn(world, { rollout, head, end: endOf("rollout") });
  }
}

/** A repo without CI deploys what is pushed. */
function isBuilt(world: World, sha: string, ci: RepoPolicy["ci"]): boolean {
  const states = world.ci.statesOf(sha);
  return states.length === 0 ? ci === "none" : states.every((state) => state === "success");
}

function deployOn(
  world: World,
  at: {
    readonly repo: RepoRef;
    readonly deploy: DeployPolicy;
    readonly head: string;
    readonly end: End;
  },
): void {
  const { repo, deploy, head, end } = at;
  if (end === "never-comes") return;
  if (end === "a-strangers-first" && deployAsStranger(world, at)) return;
  const known = newestOf(world, at);
  if (known === null) {
    const { environment } = deploy;
    world.ci.deploy(repo, { sha: head, environment, creatorId: PIPELINE_ID });
    return;
  }
  if (known.state !== "pending" || end === "hangs") return;
  if (end === "overtaken") {
    overtake(world, at);
    return;
  }
  if (end === "good" || end === "a-strangers-first")
    world.ci.deployed(repo, known.id, { state: "success" });
  if (end === "red") world.ci.deployed(repo, known.id, { state: "failure", words: RED_LOG });
  if (end === "given-up") world.ci.deployed(repo, known.id, { state: "inconclusive" });
}

function rollOutOn(
  world: World,
  at: { readonly rollout: RolloutPolicy; readonly head: string; readonly end: End },
): void {
  const { rollout, head, end } = at;
  if (end === "never-comes") return;
  const seen = world.rollouts.see(rollout);
  if (seen?.carried.includes(head) !== true) {
    world.rollouts.begin(rollout, head);
    return;
  }
  if (seen.progress !== "under-way" || end === "hangs") return;
  if (end === "good" || end === "a-strangers-first") world.rollouts.end(rollout, "complete");
  else world.rollouts.end(rollout, "deadline-exceeded", RED_LOG);
}

/** One thing that befalls the delivery of an issue's repo. What is not possible now is left undone. */
export function performDelivery(world: World, ref: IssueRef, act: DeliveryAct): void {
  const { repo } = ref;
  const { deploy, rollout } = policyOf(world, repo);
  const [head, before] = world.tracker.branchOf(repo);
  if (head === undefined) return;
  switch (act) {
    case "deployment-succeeds":
      if (deploy !== undefined) say(world, { repo, deploy, head }, "success");
      return;
    case "deployment-turns-red":
      if (deploy !== undefined) say(world, { repo, deploy, head }, "failure");
      return;
    case "deployment-given-up":
      if (deploy !== undefined) say(world, { repo, deploy, head }, "inconclusive");
      return;
    case "deployment-overtaken":
      if (deploy !== undefined) overtake(world, { repo, deploy, head });
      return;
    case "deployed-by-stranger":
      if (deploy !== undefined) deployAsStranger(world, { repo, deploy, head });
      return;
    case "deployed-elsewhere": {
      const wish = { sha: head, environment: "staging", creatorId: PIPELINE_ID };
      world.ci.deployed(repo, world.ci.deploy(repo, wish), { state: "success" });
      return;
    }
    case "rollout-completes":
      if (rollout !== undefined) world.rollouts.end(rollout, "complete");
      return;
    case "rollout-halts":
      if (rollout !== undefined) world.rollouts.end(rollout, "deadline-exceeded", RED_LOG);
      return;
    case "rollout-goes-back":
      if (rollout === undefined || before === undefined) return;
      world.rollouts.begin(rollout, before);
      world.rollouts.end(rollout, "complete");
      return;
    case "rollout-gone":
      if (rollout !== undefined) world.rollouts.remove(rollout);
      return;
    case "rollout-unreadable":
      world.rollouts.setUnreadable(WHY);
      return;
    case "rollout-readable":
      world.rollouts.setUnreadable(null);
  }
}

type Place = { readonly repo: RepoRef; readonly deploy: DeployPolicy; readonly head: string };

function say(world: World, at: Place, state: "success" | "failure" | "inconclusive"): void {
  const { repo, deploy, head } = at;
  const wish = { sha: head, environment: deploy.environment, creatorId: PIPELINE_ID };
  const id = newestOf(world, at)?.id ?? world.ci.deploy(repo, wish);
  world.ci.deployed(repo, id, state === "failure" ? { state, words: RED_LOG } : { state });
}

/** The head's deployment fails, and somebody's commit after it is green and deployed. */
function overtake(world: World, at: Place): void {
  say(world, at, "failure");
  const sha = world.tracker.push(at.repo, { message: "Mend the deployment", by: MARIA });
  world.ciSays(sha, "green");
  say(world, { ...at, head: sha }, "success");
}

/** Once for each commit: whoever may push can create a deployment. Answers whether this was the time. */
function deployAsStranger(world: World, { repo, deploy, head }: Place): boolean {
  const { environment } = deploy;
  const isHis = (one: { sha: string; creatorId: string | null }): boolean =>
    one.sha === head && one.creatorId === STRANGER_ID;
  if (world.ci.deploymentsTo(repo, environment).some(isHis)) return false;
  const id = world.ci.deploy(repo, { sha: head, environment, creatorId: STRANGER_ID });
  world.ci.deployed(repo, id, { state: "success" });
  return true;
}

function newestOf(world: World, { repo, deploy, head }: Place) {
  const all = countedOf(world, repo, deploy);
  return all.findLast(({ sha }) => sha === head) ?? null;
}

/** The deployments that the repo's owner lets count, oldest first. */
function countedOf(world: World, repo: RepoRef, { environment, creators }: DeployPolicy) {
  return world.ci
    .deploymentsTo(repo, environment)
    .filter(({ creatorId }) => creators === undefined || creators.includes(creatorId ?? ""));
}

/** Commits whose newest deployment that counts succeeded. */
function deployedOf(world: World, repo: RepoRef, deploy: DeployPolicy): readonly string[] {
  const newest = new Map(countedOf(world, repo, deploy).map(({ sha, state }) => [sha, state]));
  return [...newest].flatMap(([sha, state]) =>
    state === "success" || state === "inactive" ? [sha] : [],
  );
}

function policyOf(world: World, repo: RepoRef): RepoPolicy {
  return world.settings.policies.get(repoKey(repo)) ?? { ci: "required", dispatchOnRed: false };
}

/**
 * Law 7 at the moment of a verdict, for what comes after the build: done only when the run's newest commit or a later
 * one was delivered, and nothing else by reason of a stage that was.
 */
export function wrongDelivery(world: World, ref: IssueRef, record: RunRecord): readonly string[] {
  const { deploy, rollout } = policyOf(world, ref.repo);
  if (deploy === undefined && rollout === undefined) return [];
  const { verdict, commits, runId } = record;
  if (verdict === null) return [];
  const branch = world.tracker.branchOf(ref.repo);
  const newest = branch.indexOf(commits.at(-1)?.sha ?? "");
  const line = branch.slice(0, newest + 1);
  const stages = [
    ...(deploy === undefined ? [] : [deployStage(world, ref.repo, { deploy, line })]),
    ...(rollout === undefined ? [] : [rolloutStage(world, rollout, line)]),
  ];
  const { kind, because, detail } = verdict;
  const isBuiltAnywhere = line.some((sha) => world.ci.statesOf(sha).length > 0);
  if (because === "no-ci" && isBuiltAnywhere)
    return [`law 7: run ${runId} of ${issueKey(ref)} has no CI, which spoke of it`];
  return stages.flatMap(({ title, isGood }) => {
    const told = `law 7: run ${runId} of ${issueKey(ref)} ended as ${kind} ${because}, and the ${title}`;
    if (kind === "done") return isGood ? [] : [`${told} never was`];
    const isBlamed = detail.includes(title) && !detail.includes("could not be read");
    return isGood && isBlamed ? [`${told} was well: ${detail}`] : [];
  });
}

/** Which stage after the build a verdict tells of, for a table of verdicts; empty where it tells of none. */
export function stageTold({ detail }: { readonly detail: string }): string {
  if (detail.includes("rollout of ")) return " (rollout)";
  return detail.includes("deployment to ") ? " (deployment)" : "";
}

type Stage = { readonly title: string; readonly isGood: boolean };

function deployStage(
  world: World,
  repo: RepoRef,
  of: { readonly deploy: DeployPolicy; readonly line: readonly string[] },
): Stage {
  const deployed = deployedOf(world, repo, of.deploy);
  const isGood = of.line.some((sha) => deployed.includes(sha));
  return { title: deploymentTitle(of.deploy.environment), isGood };
}

function rolloutStage(world: World, rollout: RolloutPolicy, line: readonly string[]): Stage {
  const seen = world.rollouts.see(rollout);
  const isGood = seen?.progress === "complete" && line.some((sha) => seen.carried.includes(sha));
  return { title: rolloutTitle(rollout), isGood };
}
