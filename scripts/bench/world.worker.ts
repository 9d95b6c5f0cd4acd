import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Forge, startForge } from "../../sandbox/forge/forge.ts";
import { type SandboxT3, startT3 } from "../../sandbox/t3/t3-server.ts";
import { depthOf } from "./figures.ts";
import { bigSnapshot, OLD_T3_ENVIRONMENT } from "./big-snapshot.ts";
import { type Front, startFront, type Tape } from "./tape.ts";
import type { Ask, Played, Prepared, Scenario, Told } from "./world-messages.ts";

// The servers of the benchmark, in a process of their own, so that they never wait for who measures. It sets up
// each scenario with the sandbox, keeps the answers of one real tick, and from then on only plays them.

const runFile = promisify(execFile);

/** Repos that copy one another's history: two cores make four at once no slower than two. */
const REPOS_AT_ONCE = 4;
/** A sandbox tick over 200 repos takes a second or two. */
const TICK_MS_MAX = 60_000;
/** Runs of the sandbox settle within three ticks: seen running, noted, nothing more to note. */
const SETTLING_TICKS_MAX = 8;
const T3_TOKEN = "t3-bench-token";
const BUSY_RUNS = 50;

type World = {
  readonly dir: string;
  readonly bundle: string;
  readonly forge: Forge;
  /** One for each scenario that starts runs: the runs of one are none of the other's. */
  readonly t3s: { readonly one: SandboxT3; readonly many: SandboxT3 };
  readonly token: string;
  readonly repos: readonly string[];
  readonly fronts: { readonly github: Front; readonly t3: Front };
};

type Tapes = { readonly github: Tape; readonly t3: Tape };

async function openWorld(bundle: string, reposMax: number): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "afk-bench-world-"));
  await mkdir(join(dir, "tmp"));
  const forge = await startForge({ dir: join(dir, "forge") });
  const { token } = forge.addAccount({ login: "afk-bot", kind: "User" });
  forge.addAccount({ login: "ada", kind: "User" });
  const repos = await createRepos(forge, reposMax);
  await forge.settle();
  // An agent that works on and on: every run stays in flight.
  const agent = () => ({ done: new Promise<never>(() => {}), interrupt() {}, kill() {} });
  const start = (name: string) => startT3({ dir: join(dir, name), token: T3_TOKEN, agent });
  const t3s = { one: await start("t3-one"), many: await start("t3-many") };
  const fronts = { github: await startFront(), t3: await startFront() };
  return { dir, bundle, forge, t3s, token, repos, fronts };
}

async function createRepos(forge: Forge, count: number): Promise<readonly string[]> {
  const files = { "ci.json": '{ "checks": {} }\n' };
  const permissions = { "afk-bot": "write", ada: "write" } as const;
  const names = Array.from({ length: count }, (_, at) => `repo-${at + 1}`);
  const [first = "repo-1", ...others] = names;
  await forge.createRepo({ owner: "acme", name: first, files, permissions });
  for (let from = 0; from < others.length; from += REPOS_AT_ONCE) {
    const group = others.slice(from, from + REPOS_AT_ONCE);
    const copyOf = `acme/${first}`;
    await Promise.all(
      group.map((name) => forge.createRepo({ owner: "acme", name, files, copyOf, permissions })),
    );
  }
  return names.map((name) => `acme/${name}`);
}

function envOf(world: World, repos: readonly string[]): Record<string, string> {
  return {
    TMPDIR: join(world.dir, "tmp"),
    AFK_KILL_SWITCH: "false",
    AFK_ALLOWLIST: repos.join(","),
    AFK_MAX_RUNS: "100",
    AFK_AGENT_ACTORS: "robot",
    GITHUB_API_URL: world.fronts.github.url.origin,
    GITHUB_TOKEN: world.token,
    T3_BASE_URL: world.fronts.t3.url.origin,
    T3_TOKEN,
    T3_MODEL: "claude-opus-4-8",
    T3_WORKSPACE_ROOT: join(world.dir, "workspaces"),
  };
}

type Tick = { readonly command: "poll" | "watch"; readonly repos: readonly string[] };

/** One real tick against the sandbox, its answers kept. */
async function record(world: World, tick: Tick, t3: SandboxT3) {
  const tapes: Tapes = { github: new Map(), t3: new Map() };
  world.fronts.github.record(world.forge.apiUrl, tapes.github);
  world.fronts.t3.record(new URL(t3.url), tapes.t3);
  const { stdout } = await runFile(process.execPath, [world.bundle, tick.command], {
    env: envOf(world, tick.repos),
    timeout: TICK_MS_MAX,
    maxBuffer: 64 * 1024 * 1024,
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  const done = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === "tick done");
  if (done === undefined) throw new Error(`the tick was not done: ${stdout.slice(-2000)}`);
  return { tapes, summary: done as Readonly<Record<string, unknown>> };
}

function expectOf(summary: Readonly<Record<string, unknown>>, key: string, wanted: unknown): void {
  const found = JSON.stringify(summary[key]);
  if (found !== JSON.stringify(wanted)) {
    throw new Error(`${key} is ${found}, not ${JSON.stringify(wanted)}: this is another scenario`);
  }
}

function makeReady(world: World, repos: readonly string[]): void {
  for (const repo of repos) {
    const wish = { repo, title: "Add a greeting", body: "Please.", by: "ada" };
    const number = world.forge.createIssue(wish);
    world.forge.addLabel({ repo, number }, "ready-for-agent", "ada");
  }
}

type Made = { readonly tapes: Tapes; readonly tick: Tick };

async function makeQuiet(world: World, repos: readonly string[]): Promise<Made> {
  const tick = { command: "poll", repos } as const;
  const { tapes, summary } = await record(world, tick, world.t3s.many);
  expectOf(summary, "candidates", 0);
  expectOf(summary, "failed", 0);
  return { tapes, tick };
}

async function makeDispatch(world: World, count: 1 | 50): Promise<Made> {
  // The one is in the last repo but one, so that the fifty find all of theirs free, and the snapshot its own.
  const repos =
    count === 1 ? world.repos.slice(-BUSY_RUNS - 1, -1) : world.repos.slice(0, BUSY_RUNS);
  makeReady(world, count === 1 ? repos.slice(-1) : repos);
  const tick = { command: "poll", repos } as const;
  const t3 = count === 1 ? world.t3s.one : world.t3s.many;
  const { tapes, summary } = await record(world, tick, t3);
  expectOf(summary, "dispatched", count);
  return { tapes, tick };
}

/** The runs of the fifty dispatches, once nothing is noted of them any more. */
async function makeWatch(world: World): Promise<Made> {
  const tick = { command: "watch", repos: world.repos.slice(0, BUSY_RUNS) } as const;
  for (let round = 0; round < SETTLING_TICKS_MAX; round += 1) {
    await sleep(1000);
    const { tapes, summary } = await record(world, tick, world.t3s.many);
    expectOf(summary, "failed", 0);
    const { github, t3 } = world.fronts;
    if ([...github.requests(), ...t3.requests()].some(({ isWrite }) => isWrite)) continue;
    expectOf(summary, "waiting", { agent: BUSY_RUNS });
    return { tapes, tick };
  }
  throw new Error("the runs do not settle");
}

const SHELL = "/api/orchestration/shell";
const SNAPSHOT = "/api/orchestration/snapshot";

/** A quiet poll of one repo, whose T3 is an old one: its page where a newer one lists active threads, and a snapshot of 12 MB. */
async function makeSnapshot(world: World): Promise<Made> {
  const { tapes, tick } = await makeQuiet(world, world.repos.slice(-1));
  const t3: Tape = new Map();
  for (const [key, answers] of tapes.t3) {
    const say = (text: string, type = "application/json") =>
      answers.map((one) => ({
        ...one,
        headers: { ...one.headers, "content-type": type },
        body: Buffer.from(text),
      }));
    if (key.endsWith("/environment")) t3.set(key, say(OLD_T3_ENVIRONMENT));
    else if (key.endsWith(SHELL)) {
      t3.set(key, say("<!doctype html>", "text/html"));
      t3.set(key.replace(SHELL, SNAPSHOT), say(bigSnapshot()));
    } else t3.set(key, answers);
  }
  if (t3.size !== tapes.t3.size + 1) throw new Error("a poll asks T3 for something else by now");
  return { tapes: { github: tapes.github, t3 }, tick };
}

function make(world: World, scenario: Scenario): Promise<Made> {
  switch (scenario) {
    case "quiet-50":
      return makeQuiet(world, world.repos.slice(0, 50));
    case "quiet-200":
      return makeQuiet(world, world.repos.slice(0, 200));
    case "dispatch-1":
      return makeDispatch(world, 1);
    case "dispatch-50":
      return makeDispatch(world, 50);
    case "watch-50":
      return makeWatch(world);
    case "snapshot":
      return makeSnapshot(world);
  }
}

/** What the fronts have seen since the last `play`. Throws for a request that was never recorded. */
function playedOf({ fronts }: World): Played {
  const misses = [...fronts.github.misses(), ...fronts.t3.misses()];
  if (misses.length > 0) throw new Error(`not on the tape: ${misses[0]?.slice(0, 400)}`);
  const [github, t3] = [fronts.github.requests(), fronts.t3.requests()];
  const all = [...github, ...t3];
  return {
    github: github.length,
    t3: t3.length,
    writes: all.filter(({ isWrite }) => isWrite).length,
    depth: depthOf(all),
    keys: all.toSorted((a, b) => a.from - b.from).map(({ key }) => key.slice(0, 120)),
  };
}

async function serve(bundle: string, reposMax: number): Promise<void> {
  const world = await openWorld(bundle, reposMax);
  const made = new Map<Scenario, Made>();
  const answer = async (ask: Ask): Promise<Prepared | Played | null> => {
    if (ask.kind === "played") return playedOf(world);
    if (ask.kind === "close") return null;
    const scenario = made.get(ask.scenario) ?? (await make(world, ask.scenario));
    made.set(ask.scenario, scenario);
    world.fronts.github.play(scenario.tapes.github, ask.latencyMs);
    world.fronts.t3.play(scenario.tapes.t3, ask.latencyMs);
    const { command, repos } = scenario.tick;
    return { command, env: envOf(world, repos) };
  };
  // Nobody is left to ask: its servers and the sandbox's clocks would go on for ever.
  process.on("disconnect", () => process.exit(1));
  process.on("message", (ask: Ask) => {
    void answer(ask)
      .then(
        (value): Told => ({ kind: "answer", value }),
        (error: unknown): Told => ({ kind: "failed", why: String(error) }),
      )
      .then((told) => process.send?.(told))
      .then(() => (ask.kind === "close" ? close(world) : undefined));
  });
  process.send?.({ kind: "answer", value: null } satisfies Told);
}

async function close(world: World): Promise<void> {
  for (const front of Object.values(world.fronts)) await front.close();
  await world.forge.close();
  await rm(world.dir, { recursive: true, force: true });
  // The runs that never end would keep the T3 servers open.
  process.exit(0);
}

const [bundle = "", reposMax = "51"] = process.argv.slice(2);
await serve(bundle, Number(reposMax));
