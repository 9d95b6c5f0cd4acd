import type { IssueRef } from "../../src/pure/issue.ts";
import { ServiceLimited } from "../../src/pure/ports/service-limited.ts";
import { MARIA, type World } from "../loops/world.ts";
import { performDelivery } from "./delivery.ts";
import { DELIVERY_ACTS, type DeliveryAct, type ServiceAct } from "./moves.ts";

const WHY = "planned trouble";

/** A limit that strikes between the effects of a dispatch, and of a verdict. */
const EFFECTS_WITHIN_LIMIT = 2;
const limited = new ServiceLimited("planned trouble: a limit", null);

/** One thing that befalls the services an issue depends on. What is not possible now is left undone. */
export async function performService(world: World, ref: IssueRef, act: ServiceAct): Promise<void> {
  if (isDelivery(act)) {
    performDelivery(world, ref, act);
    return;
  }
  const { tracker, agent, ci } = world;
  switch (act) {
    case "agents-down":
      agent.setDown(WHY);
      return;
    case "agents-unreadable":
      agent.setUnreadable(WHY);
      return;
    case "agents-up":
      agent.setDown(null);
      agent.setUnreadable(null);
      return;
    case "agents-lose-turns":
      agent.loseInRestart();
      return;
    case "agents-leave-zombies":
      for (const id of agent.threadIds()) if (agent.isWorking(id)) agent.zombie(id);
      return;
    case "agents-lose-next-start":
      agent.loseNextStarts(1);
      return;
    case "agents-refuse-next":
      world.refusals.next.set("startTurn", 1);
      world.refusals.next.set("createThread", 1);
      return;
    case "thread-deleted":
      for (const id of world.threadsOf(ref).slice(-1)) agent.deleteThread(id);
      return;
    case "thread-archived":
      for (const threadId of world.threadsOf(ref).slice(-1)) {
        const commandId = `a-person-${world.clock.now()}`;
        const isDown = (await agent.observe()).kind === "unreadable";
        if (agent.see(threadId).presence === "active" && !isDown)
          await agent.archiveThread({ commandId, threadId });
      }
      return;
    case "tracker-down":
      tracker.setDown(WHY);
      return;
    case "tracker-up":
      tracker.setDown(null);
      return;
    case "writes-refused":
      tracker.setWritesRefused(WHY);
      return;
    case "writes-accepted":
      tracker.setWritesRefused(null);
      return;
    case "repo-unreadable":
      tracker.setUnreadable(ref.repo, WHY);
      return;
    case "repo-readable":
      tracker.setUnreadable(ref.repo, null);
      return;
    case "comments-truncated":
      tracker.truncateComments(ref, 1);
      return;
    case "history-truncated":
      tracker.truncateHistory(ref, 1);
      return;
    case "branch-truncated":
      tracker.truncateBranch(ref.repo, WHY);
      return;
    case "ci-unreadable":
      ci.setUnreadable(WHY);
      return;
    case "ci-readable":
      ci.setUnreadable(null);
      return;
    case "ci-cancels":
      await onHead(world, ref, (sha) => void ci.cancelled(sha));
      return;
    case "ci-turns-red":
    case "base-turns-red":
      await onHead(world, ref, (sha) => world.ciSays(sha, "red"));
      return;
    case "ci-turns-green":
      await onHead(world, ref, (sha) => world.ciSays(sha, "green"));
      return;
    case "base-mended":
      world.ciSays(tracker.push(ref.repo, { message: "Mend the base", by: MARIA }), "green");
      return;
    case "branch-rewritten":
      await rewrite(world, ref);
      return;
    case "somebody-pushes":
      world.ciSays(tracker.push(ref.repo, { message: "Another's work", by: MARIA }), "green");
      return;
    case "bells-down":
      for (const bell of world.notifiers) bell.setDown(true);
      return;
    case "bells-up":
      for (const bell of world.notifiers) bell.setDown(false);
      return;
    case "limit-met":
      world.limitOf = ({ plan }) => (plan.effects.length < EFFECTS_WITHIN_LIMIT ? null : limited);
      return;
    case "limit-over":
      world.limitOf = () => null;
  }
}

function isDelivery(act: ServiceAct): act is DeliveryAct {
  return DELIVERY_ACTS.some((each) => each === act);
}

/** Everything works again, and nothing is cut short any more. */
export function healServices(world: World): void {
  const { tracker, agent, ci } = world;
  agent.setDown(null);
  agent.setUnreadable(null);
  agent.loseNextStarts(0);
  world.limitOf = () => null;
  world.refusals.next.clear();
  tracker.setDown(null);
  tracker.setWritesRefused(null);
  ci.setUnreadable(null);
  world.rollouts.setUnreadable(null);
  for (const repo of world.settings.repos) {
    tracker.setUnreadable(repo, null);
    tracker.truncateBranch(repo, null);
  }
  for (const ref of world.issues) {
    tracker.truncateComments(ref, null);
    tracker.truncateHistory(ref, null);
  }
  for (const bell of world.notifiers) bell.setDown(false);
}

async function branchOf(world: World, ref: IssueRef): Promise<readonly string[]> {
  const [seen] = await world.tracker.readBranches([{ repo: ref.repo, baseSha: null }]);
  return seen?.kind === "readable" ? seen.commits.map((commit) => commit.sha) : [];
}

async function onHead(world: World, ref: IssueRef, say: (sha: string) => void): Promise<void> {
  for (const sha of (await branchOf(world, ref)).slice(0, 1)) say(sha);
}

/** The newest commit is taken off the branch, and another put in its place. */
async function rewrite(world: World, ref: IssueRef): Promise<void> {
  const [, before] = await branchOf(world, ref);
  if (before === undefined) return;
  world.tracker.forcePush(ref.repo, before);
  world.ciSays(world.tracker.push(ref.repo, { message: "Rewrite", by: MARIA }), "green");
}
