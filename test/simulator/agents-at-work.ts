import { parseMessageId } from "../../src/pure/identity.ts";
import { type IssueRef, issueKey } from "../../src/pure/issue.ts";
import { RED_LOG, type World } from "../loops/world.ts";
import { deliverOn } from "./delivery.ts";
import { createRandom, pickWeighted } from "./random.ts";

/** How long agents work: as they please, or so that every turn ends in the step after it began. */
export type Pace = "as-they-please" | "swift";

/**
 * One step of every agent and of CI. What a turn does follows from the seed and the turn's own id, so that leaving
 * a move out of a schedule changes nothing of what the others bring about.
 */
export function workOn(world: World, seed: number, pace: Pace): void {
  world.ciEnds();
  deliverOn(world, seed, pace);
  for (const ref of world.issues) {
    for (const id of world.threadsOf(ref)) workIn(world, { ref, id, seed, pace });
  }
}

type Desk = {
  readonly ref: IssueRef;
  readonly id: string;
  readonly seed: number;
  readonly pace: Pace;
};

function workIn(world: World, desk: Desk): void {
  const { agent } = world;
  const { id, seed, pace } = desk;
  const thread = agent.see(id);
  if (thread.presence === "deleted" || thread.pending.length > 0) return;
  if (agent.isAsked(id)) {
    agent.startTurns(id);
    return;
  }
  const asked = thread.messages.findLast(({ role }) => role === "user");
  if (!agent.isWorking(id) || asked === undefined) return;
  const random = createRandom(seed, asked.id);
  const minutes = random.chance(0.3) ? 1 + random.int(3) : 0;
  const age = world.clock.now() - Date.parse(asked.at);
  if (pace === "as-they-please" && age < minutes * 60_000) return;
  const kind = parseMessageId(asked.id)?.kind ?? "answer";
  endTurn(world, desk, { kind, prompt: asked.text, askedAt: asked.at });
}

type TurnAtHand = {
  readonly kind: string;
  readonly prompt: string;
  readonly askedAt: string;
};

const ENDS = {
  lands: 44,
  "lands-red": 14,
  "lands-unjudged": 3,
  "lands-closing": 4,
  "pushes-silently": 4,
  talks: 8,
  claims: 4,
  blocked: 7,
  fails: 4,
  "reaches-a-limit": 2,
  asks: 4,
  works: 2,
} as const;

function endTurn(world: World, desk: Desk, turn: TurnAtHand): void {
  const { ref, id, seed, pace } = desk;
  const { agent } = world;
  const random = createRandom(seed, `${id} ${turn.kind} ${turn.askedAt}`);
  const end = pickWeighted(random, ENDS);
  switch (end) {
    case "lands":
      lands(world, desk, { ci: random.chance(0.5) ? "green" : "later-green" });
      return;
    case "lands-red":
      // Shown what is red, an agent mends it half of the time.
      if (turn.prompt.includes(RED_LOG) && random.chance(0.5))
        lands(world, desk, { ci: "later-green" });
      else lands(world, desk, { ci: random.chance(0.5) ? "red" : "later-red" });
      return;
    case "lands-unjudged":
      lands(world, desk, { ci: "none" });
      return;
    case "lands-closing":
      lands(world, desk, { ci: "later-green", refs: "Closes" });
      return;
    case "pushes-silently":
      world.agentPushes(ref, { ci: "later-green" });
      agent.finish(id, { lastWords: "I pushed something." });
      return;
    case "talks":
      agent.finish(id, { lastWords: "I think I am finished." });
      return;
    case "claims":
      agent.finish(id, { lastWords: `Done.\n\nAFK-Outcome: pushed ${"0".repeat(40)}` });
      return;
    case "blocked":
      agent.finish(id, { lastWords: "I looked.\n\nAFK-Outcome: blocked the key is missing" });
      return;
    case "fails":
      agent.fail(id, "the agent's process ended", random.pick(["error", "stopped"]));
      return;
    case "reaches-a-limit":
      agent.finish(id, { lastWords: "You've hit your session limit · resets 3pm" });
      return;
    case "asks":
      if (pace === "swift") agent.finish(id, { lastWords: "I decided by myself." });
      else agent.ask(id, { requestId: `q-${turn.askedAt}`, kind: "question", text: "Which?" });
      return;
    case "works":
      if (pace === "swift") agent.finish(id, { lastWords: "That took long." });
  }
}

function lands(world: World, { ref, id }: Desk, how: Parameters<World["agentPushes"]>[1]): void {
  const sha = pushFor(world, { ref, id }, how);
  world.agent.finish(id, { lastWords: `Done.\n\nAFK-Outcome: pushed ${sha}` });
}

/** The commits name the run of the thread at hand, which need not be the issue's newest. */
function pushFor(
  world: World,
  { ref, id }: Pick<Desk, "ref" | "id">,
  how: Parameters<World["agentPushes"]>[1],
): string {
  if (world.threadOf(ref) === id) return world.agentPushes(ref, how);
  const runId = id.split("-")[1] ?? "";
  const message = `Late work\n\nRefs ${issueKey(ref)}\n\nAFK-Run: ${runId}\nAFK-Phase: green`;
  const sha = world.tracker.push(ref.repo, { message });
  world.ciSays(sha, how?.ci ?? "green");
  return sha;
}
