import { createBoundedFetch } from "../../src/adapters/http.ts";
import { createGithubCi } from "../../src/adapters/ci/github.ts";
import { createGithubMeter, type GithubMeter } from "../../src/adapters/tracker/github-meter.ts";
import { createGithubTracker } from "../../src/adapters/tracker/github.ts";
import type { TickDeps } from "../../src/loops/deps.ts";
import { type PollSettings, pollTick } from "../../src/loops/poll-tick.ts";
import { type WatchSettings, watchTick } from "../../src/loops/watch-tick.ts";
import { readLimits } from "../../src/pure/config-env.ts";
import { parseThreadId, workspaceRootOf } from "../../src/pure/identity.ts";
import { type IssueRef, issueKey, type RepoRef, repoKey } from "../../src/pure/issue.ts";
import type { ForgeHouse } from "../contract/forge-tracker-world.ts";
import { LABELS } from "../contract/tracker-world.ts";
import { FakeAgent } from "../fakes/fake-agent.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";
import { FakeNotifier } from "../fakes/fake-notifier.ts";
import { sha256 } from "../pure/builders.ts";

const MINUTE = 60_000;
const WORKSPACES_ROOT = "/data";

/** Far below GitHub's ten seconds, so that a hang costs a test little; far above an answer over loopback. */
const TIMEOUT_MS = 3_000;

/** What a tick said that somebody should look at. */
type Said = { readonly level: "warn" | "error"; readonly text: string };

/** Whole ticks over the real adapters and a forge on loopback; the agent server and the doorbell are fakes. */
export class ForgeTicks {
  readonly house: ForgeHouse;
  readonly agent: FakeAgent;
  readonly notifier = new FakeNotifier("ntfy");
  readonly repos: RepoRef[] = [];
  readonly issues: IssueRef[] = [];
  readonly said: Said[] = [];
  readonly #client = createBoundedFetch({
    timeoutMs: TIMEOUT_MS,
    bodyBytesMax: 8 * 1024 * 1024,
    connectionsMax: 8,
  });
  readonly #leases: { readonly poll: FakeLeaseStore; readonly watch: FakeLeaseStore };
  #processes = 0;

  constructor(house: ForgeHouse) {
    this.house = house;
    const { clock } = house;
    this.agent = new FakeAgent({ clock });
    const lease = () => new FakeLeaseStore({ clock, ttlMs: MINUTE });
    this.#leases = { poll: lease(), watch: lease() };
  }

  /** A repo of its own with one approved issue in it, both enrolled. */
  async enrol(): Promise<IssueRef> {
    const repo = await this.house.addRepo();
    this.repos.push(repo);
    return this.approve(repo);
  }

  approve(repo: RepoRef, title = "Add a greeting"): IssueRef {
    const { forge, people } = this.house;
    const by = people.writer.login;
    const number = forge.createIssue({ repo: repoKey(repo), title, body: "Please.", by });
    const ref = { repo, number };
    forge.addLabel(nameOf(ref), LABELS.ready, by);
    this.issues.push(ref);
    return ref;
  }

  poll() {
    return pollTick(this.#deps(this.#leases.poll), this.#settings());
  }

  watch() {
    return watchTick(this.#deps(this.#leases.watch), this.#settings());
  }

  /** A poll, a watch, then a minute of the agents. Answers how many failures the ticks told of. */
  async minute(work: (ref: IssueRef) => Promise<void> = (ref) => this.work(ref)): Promise<number> {
    const failed = (await this.poll()).failed + (await this.watch()).failed;
    for (const ref of this.issues) await work(ref);
    this.house.clock.advance(MINUTE);
    return failed;
  }

  /** What an agent does in one minute: it begins, or it lands what it has and CI is green. */
  async work(ref: IssueRef): Promise<void> {
    const [id] = this.threadsOf(ref);
    if (id === undefined) return;
    const status = this.agent.see(id).session?.status;
    if (status === "starting") this.agent.startTurns(id);
    if (status !== "running") return;
    const sha = await this.push(ref, [this.message(ref, "tests-red")], this.message(ref, "green"));
    this.house.forge.reportCheck(repoKey(ref.repo), { sha, name: "test", conclusion: "success" });
    this.agent.finish(id, { lastWords: `Done.\n\nAFK-Outcome: pushed ${sha}` });
  }

  /** Commits in one push, by the agents' account. Answers its head. */
  push(ref: IssueRef, below: readonly string[], message: string): Promise<string> {
    return this.house.push(ref.repo, { below, message, by: this.house.people.bot.login });
  }

  /** A commit message with the run's trailers. */
  message(ref: IssueRef, phase: string): string {
    const runId = parseThreadId(this.threadsOf(ref)[0] ?? "")?.runId;
    return `Step\n\nRefs ${issueKey(ref)}\n\nAFK-Run: ${runId}\nAFK-Phase: ${phase}`;
  }

  threadsOf(ref: IssueRef): readonly string[] {
    const root = workspaceRootOf(WORKSPACES_ROOT, ref.repo);
    return this.agent
      .threadIds()
      .filter((id) => this.agent.see(id).workspaceRoot === root)
      .filter((id) => parseThreadId(id)?.issueNumber === ref.number);
  }

  /** How the issue stands, and how often everything that must happen once has happened. */
  stand(ref: IssueRef) {
    const seen = this.house.forge.issue(nameOf(ref));
    const bodies = seen.comments.map((comment) => comment.body);
    const count = (start: string) => bodies.filter((body) => body.startsWith(start)).length;
    const title = this.notifier.rung.filter((bell) => bell.title.includes(issueKey(ref)));
    return {
      state: seen.state,
      labels: [...seen.labels].toSorted(),
      progress: count("<!-- afk:run="),
      notices: count("<!-- afk:notice "),
      threads: this.threadsOf(ref).length,
      turns: this.agent.turnStarts.filter(({ threadId }) => this.threadsOf(ref).includes(threadId))
        .length,
      bells: title.length,
    };
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #settings(): PollSettings & WatchSettings {
    return {
      repos: this.repos,
      policies: new Map(),
      labels: LABELS,
      limits: readLimits({ env: {}, problems: [] }),
      trust: { trustedActors: [], agentActors: [this.house.people.bot.id] },
      agentActors: [this.house.people.bot.id],
      isDraining: false,
      workspacesRoot: WORKSPACES_ROOT,
      links: { template: "{base}/{environmentId}/{threadId}", base: "https://t3.invalid" },
      model: "claude-sonnet-4-5",
    };
  }

  /** Fresh adapters, as every process has them. */
  #deps(store: FakeLeaseStore): TickDeps {
    this.#processes += 1;
    const { clock, forge, ownToken: token } = this.house;
    const sleep = async (ms: number) => clock.advance(ms);
    const meter: GithubMeter = createGithubMeter({ now: clock.now, sleep });
    const { fetch } = this.#client;
    const github = { fetch, token, apiUrl: forge.apiUrl, meter };
    const tracker = createGithubTracker({ ...github, labels: LABELS });
    const say = (level: Said["level"]) => (fields: object, message: string) => {
      this.said.push({ level, text: `${message} ${JSON.stringify(fields, withErrors)}` });
    };
    return {
      tracker: { reader: tracker, writer: tracker },
      agent: { reader: this.agent, writer: this.agent },
      ci: createGithubCi(github),
      notifiers: [this.notifier],
      lease: store.lease(`process-${this.#processes}`),
      limit: meter.limit,
      log: { info: () => {}, warn: say("warn"), error: say("error") },
      now: clock.now,
      sha256,
    };
  }
}

function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

/** The issue as the forge's hands name it. */
export function nameOf(ref: IssueRef): { readonly repo: string; readonly number: number } {
  return { repo: repoKey(ref.repo), number: ref.number };
}
