import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SeenRequest } from "../../sandbox/forge/faults.ts";
import { type Forge, startForge } from "../../sandbox/forge/forge.ts";
import { runGit } from "../../sandbox/forge/git.ts";
import { sha256 } from "../../src/adapters/crypto.ts";
import { createGithubCi } from "../../src/adapters/ci/github.ts";
import { type BoundedFetch, createBoundedFetch } from "../../src/adapters/http.ts";
import { createGithubTracker } from "../../src/adapters/tracker/github.ts";
import type { TickDeps } from "../../src/loops/deps.ts";
import { type PollSettings, pollTick, type PollSummary } from "../../src/loops/poll-tick.ts";
import { type WatchSettings, watchTick, type WatchSummary } from "../../src/loops/watch-tick.ts";
import { readLimits } from "../../src/pure/config-env.ts";
import { parseThreadId } from "../../src/pure/identity.ts";
import { type IssueRef, type RepoRef, repoKey } from "../../src/pure/issue.ts";
import { FakeAgent } from "../fakes/fake-agent.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";
import { FakeNotifier } from "../fakes/fake-notifier.ts";

const LABELS = {
  ready: "ready-for-agent",
  inProgress: "agent-in-progress",
  human: "ready-for-human",
  paused: "agent-paused",
};
const WORKSPACES_ROOT = "/data";
const MINUTE_MS = 60_000;
/** Two cores make repositories; more at once only wait for each other. */
const REPOS_AT_ONCE = 4;
/** CI has nothing to run: what it says is reported by hand. */
const FILES = { "ci.json": '{ "checks": {} }\n' };

/** What one tick asked of the forge, and what it changed anywhere. */
export type Counted<Summary> = {
  readonly summary: Summary;
  readonly seen: readonly SeenRequest[];
  /** Requests to the forge, commands to the agent server and rings that may change something. */
  readonly writes: number;
};

/** The real ticks with the real GitHub adapters against the forge, and a faked agent server. */
export type RequestWorld = {
  readonly repos: readonly RepoRef[];
  /** One poll over the first so many repos, as a fresh process. */
  poll(enrolled: number): Promise<Counted<PollSummary>>;
  watch(enrolled: number): Promise<Counted<WatchSummary>>;
  /** An issue that somebody who may approved. */
  readyIssue(repo: RepoRef): IssueRef;
  /** Every turn that was asked for begins. */
  startTurns(): void;
  /** The agent of an issue's run pushes its commit, which CI takes up, and ends its turn. */
  land(issue: IssueRef): Promise<void>;
  advanceMinute(): void;
  close(): Promise<void>;
};

/** Starts a world with so many repos. `around` may look at what goes over the wire. */
export async function startRequestWorld(options: {
  readonly repos: number;
  readonly around?: (fetch: BoundedFetch, apiUrl: URL) => BoundedFetch;
}): Promise<RequestWorld> {
  const dir = await mkdtemp(join(tmpdir(), "bench-forge-"));
  const clock = new FakeClock();
  const forge = await startForge({ dir, now: clock.now });
  const client = createBoundedFetch({
    timeoutMs: 20_000,
    bodyBytesMax: 24 * 1024 * 1024,
    connectionsMax: 8,
  });
  const fetch = options.around?.(client.fetch, forge.apiUrl) ?? client.fetch;
  const { token } = forge.addAccount({ login: "afk-bot", kind: "User" });
  forge.addAccount({ login: "ada", kind: "User" });
  const repos = await createRepos(forge, options.repos);
  await forge.settle();
  const agent = new FakeAgent({ clock });
  const notifier = new FakeNotifier("ntfy");
  const depsOf = (loop: string): TickDeps =>
    createDeps(
      { loop, clock, agent, notifier },
      {
        fetch,
        token,
        apiUrl: forge.apiUrl,
      },
    );
  const counting = async <Summary>(tick: () => Promise<Summary>): Promise<Counted<Summary>> => {
    const [from, before] = [forge.requests.length, agent.writes + notifier.writes];
    const summary = await tick();
    const seen = forge.requests.slice(from);
    const elsewhere = agent.writes + notifier.writes - before;
    return { summary, seen, writes: elsewhere + seen.filter((each) => each.isWrite).length };
  };
  const settingsOf = (enrolled: number) => createSettings(repos.slice(0, enrolled));
  return {
    repos,
    poll: (enrolled) => counting(() => pollTick(depsOf("poller"), settingsOf(enrolled))),
    watch: (enrolled) => counting(() => watchTick(depsOf("watcher"), settingsOf(enrolled))),
    readyIssue: (repo) => {
      const key = repoKey(repo);
      const body = "Please.";
      const number = forge.createIssue({ repo: key, title: "Add a greeting", body, by: "ada" });
      forge.addLabel({ repo: key, number }, LABELS.ready, "ada");
      return { repo, number };
    },
    startTurns: () => agent.startTurns(),
    land: (issue) => land({ forge, dir, agent }, issue),
    advanceMinute: () => clock.advance(MINUTE_MS),
    async close() {
      await client.close();
      await forge.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function createRepos(forge: Forge, count: number): Promise<readonly RepoRef[]> {
  const repos = Array.from({ length: count }, (_, at): RepoRef => {
    return { tracker: "github", owner: "acme", name: `repo-${at + 1}` };
  });
  const permissions = { "afk-bot": "write", ada: "write" } as const;
  const [first] = repos;
  if (first === undefined) return [];
  await forge.createRepo({ ...first, files: FILES, permissions });
  const copyOf = repoKey(first);
  for (let from = 1; from < count; from += REPOS_AT_ONCE) {
    const group = repos.slice(from, from + REPOS_AT_ONCE);
    await Promise.all(
      group.map(({ owner, name }) =>
        forge.createRepo({ owner, name, files: FILES, copyOf, permissions }),
      ),
    );
  }
  return repos;
}

/** Fresh adapters, as every process has: nothing is remembered from tick to tick. */
function createDeps(
  world: {
    readonly loop: string;
    readonly clock: FakeClock;
    readonly agent: FakeAgent;
    readonly notifier: FakeNotifier;
  },
  github: { readonly fetch: BoundedFetch; readonly token: string; readonly apiUrl: URL },
): TickDeps {
  const { loop, clock, agent, notifier } = world;
  const tracker = createGithubTracker({ ...github, labels: LABELS });
  return {
    tracker: { reader: tracker, writer: tracker },
    agent: { reader: agent, writer: agent },
    ci: createGithubCi(github),
    notifiers: [notifier],
    lease: new FakeLeaseStore({ clock, ttlMs: MINUTE_MS }).lease(loop),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    now: clock.now,
    sha256,
  };
}

function createSettings(repos: readonly RepoRef[]): PollSettings & WatchSettings {
  return {
    repos,
    policies: new Map(),
    labels: LABELS,
    limits: readLimits({ env: {}, problems: [] }),
    trust: { trustedActors: [], agentActors: ["robot"] },
    agentActors: ["robot"],
    isDraining: false,
    workspacesRoot: WORKSPACES_ROOT,
    links: { template: "{base}/{environmentId}/{threadId}", base: "https://t3.invalid" },
    model: "claude-sonnet-4-5",
  };
}

async function land(
  world: { readonly forge: Forge; readonly dir: string; readonly agent: FakeAgent },
  issue: IssueRef,
): Promise<void> {
  const { forge, agent } = world;
  const key = repoKey(issue.repo);
  const threadId = agent.threadIds().find((id) => {
    const isHere = agent.see(id).workspaceRoot.endsWith(`${issue.repo.owner}__${issue.repo.name}`);
    return isHere && parseThreadId(id)?.issueNumber === issue.number;
  });
  if (threadId === undefined) throw new Error(`no thread of ${key}#${issue.number}`);
  const trailers = `AFK-Run: ${parseThreadId(threadId)?.runId}\nAFK-Phase: green`;
  const message = `Add a greeting\n\nRefs ${key}#${issue.number}\n\n${trailers}`;
  const gitDir = join(world.dir, "repos", `${key}.git`);
  // Without a clone: ten of them would take longer than all ticks together.
  const tree = await runGit(gitDir, ["rev-parse", "main^{tree}"]);
  const parent = ["-p", "main", "-m", message];
  const sha = (await runGit(gitDir, ["commit-tree", tree.trim(), ...parent])).trim();
  await runGit(gitDir, ["update-ref", "refs/heads/main", sha]);
  await forge.settle();
  forge.reportCheck(key, { sha, name: "build" });
  agent.finish(threadId, { lastWords: `Done.\n\nAFK-Outcome: pushed ${sha}` });
}
