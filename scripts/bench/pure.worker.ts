import { createT3Agent } from "../../src/adapters/agent/t3.ts";
import { decideDispatches } from "../../src/pure/dispatch-policy.ts";
import { decidePhases, renderPhases } from "../../src/pure/phase-checklist.ts";
import type { WatchPolicy } from "../../src/pure/run-observation.ts";
import { decideRun } from "../../src/pure/run-state-machine.ts";
import { labels, limits, own } from "../../test/pure/builders.ts";
import { bigSnapshot, OLD_T3_ENVIRONMENT } from "./big-snapshot.ts";
import { inTurn } from "./process-cost.ts";
import { asJson, phaseEvidences, pollInput, pollPolicy, runStates } from "./pure-inputs.ts";
import type { PureJob } from "./pure-rows.ts";

// One job in a process of its own: what another left in the heap would slow it down.

/** As a socket hands them over. */
const CHUNK_BYTES = 64 * 1024;

type Side = () => unknown;
type Sides = { readonly a: Side; readonly b: Side };

function policySides(isQuick: boolean): Sides {
  const seen = pollInput(isQuick ? 10_000 : 100_000);
  const text = asJson(seen);
  const policy = pollPolicy();
  return { a: () => decideDispatches(seen, policy), b: () => JSON.parse(text) as unknown };
}

function stateSides(isQuick: boolean): Sides {
  const states = runStates(isQuick ? 100_000 : 1_000_000);
  const policy: WatchPolicy = {
    labels,
    limits,
    machines: { ownId: own.id, agentActors: [] },
    repo: { ci: "required", dispatchOnRed: false },
    notifiers: ["ntfy"],
    model: "claude-haiku-4-5",
  };
  const decide = (count: number) => () => {
    let acted = 0;
    for (let at = 0; at < count; at += 1) {
      const state = states[at];
      if (state === undefined) break;
      if (decideRun(state.record, state.seen, policy).kind === "act") acted += 1;
    }
    return acted;
  };
  return { a: decide(states.length), b: decide(states.length / 10) };
}

function checklistSides(): Sides {
  const evidences = phaseEvidences(100_000);
  const render = () => {
    let characters = 0;
    for (const evidence of evidences) characters += renderPhases(decidePhases(evidence)).length;
    return characters;
  };
  return { a: render, b: () => JSON.stringify(evidences) };
}

/** What the filter leaves of the snapshot: our threads without their conversations. */
function filteredSnapshot(): string {
  const { projects, threads } = JSON.parse(bigSnapshot()) as {
    readonly projects: unknown;
    readonly threads: readonly { readonly id: string }[];
  };
  const kept = threads.map((one) => (one.id.startsWith("afk-") ? { ...one, messages: [] } : null));
  return JSON.stringify({ projects, threads: kept });
}

/** Reading the state from the bytes as they arrive, against `JSON.parse` of the whole snapshot. */
function snapshotSides(text: string): Sides {
  const body = Buffer.from(text);
  const whole = Buffer.from(bigSnapshot());
  const json = { headers: { "content-type": "application/json" } };
  const agent = () =>
    createT3Agent({
      fetch: (url, init) => {
        if (!String(url).endsWith("/snapshot")) {
          return Promise.resolve(new Response(OLD_T3_ENVIRONMENT, json));
        }
        for (let from = 0; from < body.length; from += CHUNK_BYTES) {
          init?.stream?.take(body.subarray(from, from + CHUNK_BYTES));
        }
        return Promise.resolve(new Response(null, json));
      },
      baseUrl: new URL("http://127.0.0.1/"),
      readToken: () => Promise.resolve("none"),
      now: () => new Date(),
      model: { instanceId: "claudeAgent", model: "m" },
      runtimeMode: "full-access",
    });
  const observe = async () => {
    const seen = await agent().observe();
    if (seen.kind !== "readable" || seen.threads.length !== 50) {
      throw new Error(`the snapshot was not read: ${JSON.stringify(seen).slice(0, 400)}`);
    }
  };
  return { a: observe, b: () => JSON.parse(whole.toString()) as unknown };
}

function sidesOf(job: PureJob, isQuick: boolean): Sides {
  switch (job) {
    case "policy":
      return policySides(isQuick);
    case "state-machine":
      return stateSides(isQuick);
    case "checklist":
      return checklistSides();
    case "snapshot":
      return snapshotSides(bigSnapshot());
    case "validation":
      return snapshotSides(filteredSnapshot());
  }
}

async function timed(side: Side): Promise<number> {
  // What an earlier side left would else be collected at this one's cost.
  globalThis.gc?.();
  const beganAt = performance.now();
  await side();
  return performance.now() - beganAt;
}

const [job = "", reps = "1", size = ""] = process.argv.slice(2);
const { a, b } = sidesOf(job as PureJob, size === "quick");
// Once unmeasured: the first call of each is compiled.
await timed(a);
await timed(b);
const pairs = await inTurn(Number(reps), { a: () => timed(a), b: () => timed(b) });
process.stdout.write(JSON.stringify(pairs));
