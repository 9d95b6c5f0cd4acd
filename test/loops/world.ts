import { type PollSettings, pollTick, type PollSummary } from "../../src/loops/poll-tick.ts";
import { type Redaction, withoutSecrets } from "../../src/loops/redact.ts";
import type { TickDeps } from "../../src/loops/deps.ts";
import { type WatchSettings, watchTick, type WatchSummary } from "../../src/loops/watch-tick.ts";
import { readLimits } from "../../src/pure/config-env.ts";
import { parseMessageId, parseThreadId, workspaceRootOf } from "../../src/pure/identity.ts";
import { type IssueRef, issueKey, type RepoRef, repoKey } from "../../src/pure/issue.ts";
import type { Limits, RepoPolicy } from "../../src/pure/limits.ts";
import type { AgentWriter } from "../../src/pure/ports/agent.ts";
import type { Lease } from "../../src/pure/ports/lease.ts";
import type { ServiceLimited } from "../../src/pure/ports/service-limited.ts";
import type { LinkPolicy } from "../../src/pure/progress-comment.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { recordCommentsOf } from "../../src/pure/run-record-codec.ts";
import type { ThreadDetail } from "../../src/pure/thread.ts";
import { FakeAgent } from "../fakes/fake-agent.ts";
import { FakeCi } from "../fakes/fake-ci.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import {
  AGENT_WRITE_METHODS,
  FaultPlan,
  LEASE_WRITE_METHODS,
  NOTIFIER_WRITE_METHODS,
  TRACKER_WRITE_METHODS,
  withFaults,
} from "../fakes/fake-faults.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";
import { FakeNotifier } from "../fakes/fake-notifier.ts";
import { FakeRollouts } from "../fakes/fake-rollouts.ts";
import { account, FAKE_LABELS, FakeTracker } from "../fakes/fake-tracker.ts";
import { sha256 } from "../pure/builders.ts";
import { type Gate, withGate } from "./gate.ts";
import { createRefusals, type Refusals } from "./refusals.ts";

const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** As long as the product's own: a tick that died holds the next ones up for a minute at most. */
export const LEASE_TTL_MS = 60 * SECOND;

export const LABELS = FAKE_LABELS;
export const MARIA = account("maria", "1");
/** May read, not write: her labels start nothing. */
export const STRANGER = account("stranger", "2");
/** The account agents push and comment with. */
export const ROBOT = account("robot", "3");

const DEFAULT_LIMITS = readLimits({ env: {}, problems: [] });
const WORKSPACES_ROOT = "/data";
const LINKS: LinkPolicy = {
  template: "{base}/{environmentId}/{threadId}",
  base: "https://t3.invalid",
};

export type LogLine = {
  readonly level: "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
};

/** What happened inside ticks, in order: what was said and what was tried, and by which process. */
export type Happening = { readonly process: number } & (
  | ({ readonly kind: "log" } & LogLine)
  | { readonly kind: "effect"; readonly effect: string }
);

/** The life of one process that runs one tick. */
export type Life = {
  readonly process: number;
  readonly plan: FaultPlan;
  readonly gate?: Gate;
  /** Called where an effect is asked for, within that very call. */
  readonly onEffect?: () => void;
};

type Faults = ConstructorParameters<typeof FaultPlan>[0];

export type WorldOptions = {
  readonly notifiers?: readonly string[];
  readonly repos?: readonly string[];
  /** Instead of the defaults. */
  readonly limits?: Partial<Limits>;
  /** Whether taking and releasing the lease are numbered among the effects. */
  readonly leaseSteps?: "are-effects";
  /** How much the ticks' own clock is ahead of everybody else's. */
  readonly skewMs?: number;
  readonly agent?: Partial<Omit<ConstructorParameters<typeof FakeAgent>[0], "clock">>;
  /** What must not be told; without it nothing is secret. */
  readonly redaction?: Redaction;
};

type Settings = {
  -readonly [Key in keyof (PollSettings & WatchSettings)]: (PollSettings & WatchSettings)[Key];
};

/** Everything two ticks meet, faked, with the hands of people and agents. */
export class World {
  readonly clock = new FakeClock();
  readonly tracker = new FakeTracker({ clock: this.clock });
  readonly agent: FakeAgent;
  readonly ci = new FakeCi({
    clock: this.clock,
    hasCommit: (repo, sha) => this.tracker.hasCommit(repo, sha),
  });
  readonly rollouts = new FakeRollouts({ clock: this.clock });
  readonly notifiers: readonly FakeNotifier[];
  readonly pollLease = new FakeLeaseStore({ clock: this.clock, ttlMs: LEASE_TTL_MS });
  readonly watchLease = new FakeLeaseStore({ clock: this.clock, ttlMs: LEASE_TTL_MS });
  readonly timeline: Happening[] = [];
  readonly refusals: Refusals = createRefusals();
  /** The limit of a service that ends a tick in this state of its life. */
  limitOf: (life: Life) => ServiceLimited | null = () => null;
  /** Commits on which CI ever ended green. */
  readonly greens = new Set<string>();
  readonly issues: IssueRef[] = [];
  readonly settings: Settings;
  /** What CI will say of a pushed head once it has run. */
  readonly #ciToCome = new Map<string, "green" | "red">();
  readonly #leaseSteps: typeof LEASE_WRITE_METHODS | readonly [];
  readonly #redaction: Redaction | null;
  readonly #skewMs: number;
  #processes = 0;
  #pushes = 0;

  constructor(options: WorldOptions = {}) {
    this.#leaseSteps = options.leaseSteps === undefined ? [] : LEASE_WRITE_METHODS;
    this.#redaction = options.redaction ?? null;
    this.#skewMs = options.skewMs ?? 0;
    this.agent = new FakeAgent({ clock: this.clock, ...options.agent });
    this.notifiers = (options.notifiers ?? ["ntfy"]).map((name) => new FakeNotifier(name));
    const repos = (options.repos ?? ["a"]).map(repoNamed);
    for (const repo of repos) this.addRepo(repo);
    this.settings = {
      repos,
      policies: new Map<string, RepoPolicy>(),
      labels: LABELS,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      trust: { trustedActors: [], agentActors: [ROBOT.kind === "account" ? ROBOT.id : ""] },
      agentActors: [ROBOT.kind === "account" ? ROBOT.id : ""],
      isDraining: false,
      workspacesRoot: WORKSPACES_ROOT,
      links: LINKS,
      model: "claude-sonnet-4-5",
    };
  }

  // Ticks.

  /** A fresh process; without faults it lives to the end of its tick. */
  life(faults: Faults = [], gate?: Gate): Life {
    this.#processes += 1;
    const process = this.#processes;
    const note = (effect: string) => this.timeline.push({ process, kind: "effect", effect });
    const plan = new RecordingPlan(note, faults);
    return gate === undefined ? { process, plan } : { process, plan, gate };
  }

  async poll(life: Life = this.life()): Promise<PollSummary> {
    return pollTick(this.#deps(this.pollLease, life), { ...this.settings });
  }

  async watch(life: Life = this.life()): Promise<WatchSummary> {
    return watchTick(this.#deps(this.watchLease, life), { ...this.settings });
  }

  advance(ms: number): void {
    this.clock.advance(ms);
  }

  /** A poll, a watch and a minute, so many times. Both must end without a failure. */
  async tickOn(times = 1): Promise<void> {
    for (let tick = 0; tick < times; tick += 1) {
      const failed = (await this.poll()).failed + (await this.watch()).failed;
      if (failed > 0) throw new Error(`ticks failed: ${JSON.stringify(this.errors())}`);
      this.advance(MINUTE);
    }
  }

  // People.

  addRepo(repo: RepoRef): void {
    this.tracker.addRepo({ ref: repo });
    if (MARIA.kind === "account") this.tracker.setPermission(repo, MARIA.id, "write");
    this.ci.green(this.tracker.push(repo, { message: "Begin" }));
  }

  /** An issue that nobody has approved. */
  addIssue(repo = "a", title = "Add a greeting"): IssueRef {
    const body = "It says hello.";
    const ref = this.tracker.addIssue({ repo: repoNamed(repo), title, body, by: MARIA });
    this.issues.push(ref);
    return ref;
  }

  /** An issue with Maria's approval. */
  readyIssue(repo = "a", title?: string): IssueRef {
    const ref = this.addIssue(repo, title);
    this.tracker.label(ref, LABELS.ready, MARIA);
    return ref;
  }

  /** The approval is given anew. */
  approveAgain(ref: IssueRef): void {
    this.tracker.unlabel(ref, LABELS.ready, MARIA);
    this.tracker.label(ref, LABELS.ready, MARIA);
  }

  // Agents and CI.

  startsWorking(ref: IssueRef): void {
    this.agent.startTurns(this.threadOf(ref));
  }

  /** The agent pushes two commits of its run and says so; CI answers at once. */
  agentLands(
    ref: IssueRef,
    how: {
      readonly ci?: "green" | "red" | "pending" | "none" | "later-green" | "later-red";
      readonly refs?: "Refs" | "Closes";
    } = {},
  ): string {
    this.#startIfAsked(ref);
    const sha = this.agentPushes(ref, how);
    this.agent.finish(this.threadOf(ref), { lastWords: `Done.\n\nAFK-Outcome: pushed ${sha}` });
    return sha;
  }

  /** The commits alone: the turn goes on. */
  agentPushes(ref: IssueRef, how: Parameters<World["agentLands"]>[1] = {}): string {
    const { runId } = this.#nameOf(ref);
    const refs = `${how.refs ?? "Refs"} ${issueKey(ref)}`;
    const message = (phase: string) => {
      this.#pushes += 1;
      return `Step ${this.#pushes}\n\n${refs}\n\nAFK-Run: ${runId}\nAFK-Phase: ${phase}`;
    };
    this.tracker.push(ref.repo, { message: message("tests-red"), by: ROBOT });
    const sha = this.tracker.push(ref.repo, { message: message("green"), by: ROBOT });
    this.ciSays(sha, how.ci ?? "green");
    return sha;
  }

  /** The turn ends with these words and without a push. */
  agentSays(ref: IssueRef, lastWords: string): void {
    this.#startIfAsked(ref);
    this.agent.finish(this.threadOf(ref), { lastWords });
  }

  ciSays(
    sha: string,
    what: "green" | "red" | "pending" | "none" | "later-green" | "later-red",
  ): void {
    if (what === "green") this.greens.add(sha);
    if (what === "green") this.ci.green(sha);
    if (what === "red") this.ci.red(sha, "test", RED_LOG);
    if (what !== "none" && what !== "green" && what !== "red") this.ci.pending(sha);
    if (what === "later-green") this.#ciToCome.set(sha, "green");
    if (what === "later-red") this.#ciToCome.set(sha, "red");
  }

  /** Every CI run that was still under way ends. */
  ciEnds(): void {
    for (const [sha, what] of this.#ciToCome) this.ciSays(sha, what);
    this.#ciToCome.clear();
  }

  // Eyes.

  record(ref: IssueRef): RunRecord {
    const record = this.records(ref).at(-1);
    if (record === undefined) throw new Error(`${issueKey(ref)} has no record`);
    return record;
  }

  records(ref: IssueRef): readonly RunRecord[] {
    return recordCommentsOf(this.tracker.see(ref)).flatMap((each) =>
      each.kind === "record" ? [each.record] : [],
    );
  }

  /** `done green`; null while the newest run has none. */
  verdict(ref: IssueRef): string | null {
    const verdict = this.records(ref).at(-1)?.verdict ?? null;
    return verdict === null ? null : `${verdict.kind} ${verdict.because}`;
  }

  labels(ref: IssueRef): readonly string[] {
    return this.tracker.see(ref).labels.toSorted();
  }

  state(ref: IssueRef): "open" | "closed" {
    return this.tracker.see(ref).state;
  }

  notices(ref: IssueRef): readonly string[] {
    return this.#commentsFrom(ref, "<!-- afk:notice ");
  }

  holdNotices(ref: IssueRef): readonly string[] {
    return this.#commentsFrom(ref, "<!-- afk:hold ");
  }

  /** Those that nobody else edited: an edited one gives way to another of its run. */
  progressComments(ref: IssueRef): readonly string[] {
    return this.tracker
      .see(ref)
      .ownComments.comments.filter((comment) => comment.isTampered !== true)
      .map((comment) => comment.body)
      .filter((body) => body.startsWith("<!-- afk:run="));
  }

  /** Threads of the issue, oldest first. */
  threadsOf(ref: IssueRef): readonly string[] {
    const root = workspaceRootOf(this.settings.workspacesRoot, ref.repo);
    return this.agent.threadIds().filter((id) => {
      const isHere = this.agent.see(id).workspaceRoot === root;
      return isHere && parseThreadId(id)?.issueNumber === ref.number;
    });
  }

  threadOf(ref: IssueRef): string {
    const thread = this.threadsOf(ref).at(-1);
    if (thread === undefined) throw new Error(`${issueKey(ref)} has no thread`);
    return thread;
  }

  thread(ref: IssueRef): ThreadDetail {
    return this.agent.see(this.threadOf(ref));
  }

  /** Kinds of the turns that were asked for, with their attempts: `first/0`. */
  turnsAsked(ref: IssueRef): readonly string[] {
    const threads = new Set(this.threadsOf(ref));
    return this.agent.turnStarts
      .filter((start) => threads.has(start.threadId))
      .flatMap((start) => parseMessageId(start.messageId) ?? [])
      .map((turn) => `${turn.kind}/${turn.attempt}`);
  }

  notifier(name: string): FakeNotifier {
    const found = this.notifiers.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no notifier ${name}`);
    return found;
  }

  /** Every effect tried by ticks. */
  effects(): readonly string[] {
    return this.timeline.flatMap((each) => (each.kind === "effect" ? [each.effect] : []));
  }

  /** The effects of what is done meanwhile. */
  async effectsOf(what: () => Promise<unknown>): Promise<readonly string[]> {
    const before = this.effects().length;
    await what();
    return this.effects().slice(before);
  }

  logs(message?: string): readonly LogLine[] {
    return this.timeline.flatMap((each) =>
      each.kind === "log" && (message === undefined || each.message === message) ? [each] : [],
    );
  }

  errors(): readonly string[] {
    return this.logs()
      .filter((line) => line.level === "error")
      .map(({ message, fields }) => `${message}: ${String(fields["err"] ?? fields["why"])}`);
  }

  #commentsFrom(ref: IssueRef, marker: string): readonly string[] {
    return this.tracker
      .see(ref)
      .ownComments.comments.map((comment) => comment.body)
      .filter((body) => body.startsWith(marker));
  }

  #nameOf(ref: IssueRef) {
    const name = parseThreadId(this.threadOf(ref));
    if (name === null) throw new Error(`${issueKey(ref)} has no thread of ours`);
    return name;
  }

  #startIfAsked(ref: IssueRef): void {
    if (this.thread(ref).session?.status === "starting") this.startsWorking(ref);
  }

  #deps(store: FakeLeaseStore, life: Life): TickDeps {
    const { plan, process } = life;
    const gate: Gate = life.gate ?? (() => Promise.resolve());
    const faulty = <Port extends object>(port: Port, writes: readonly (keyof Port & string)[]) =>
      withGate(withFaults(port, plan, writes), gate);
    const tracker = faulty(this.tracker, TRACKER_WRITE_METHODS);
    const agent = faulty(this.agent, AGENT_WRITE_METHODS);
    const writer = this.refusals.over(agent satisfies AgentWriter);
    const lease = store.lease(`process-${process}`);
    const log = (level: LogLine["level"]) => (fields: object, message: string) => {
      const line: LogLine = { level, fields: { ...fields }, message };
      if (!plan.isDead) this.timeline.push({ process, kind: "log", ...line });
    };
    const deps: TickDeps = {
      tracker: { reader: tracker, writer: tracker },
      agent: { reader: agent, writer },
      ci: faulty(this.ci, []),
      rollouts: faulty(this.rollouts, []),
      notifiers: this.notifiers.map((each) => faulty(each, NOTIFIER_WRITE_METHODS)),
      lease: watched(faulty(lease, this.#leaseSteps), life.onEffect),
      log: { info: log("info"), warn: log("warn"), error: log("error") },
      limit: () => this.limitOf(life),
      now: () => this.clock.now() + this.#skewMs,
      sha256,
    };
    return this.#redaction === null ? deps : withoutSecrets(deps, this.#redaction);
  }
}

/** The lease is asked before every effect: that is the moment an effect begins. */
function watched(lease: Lease, onEffect: (() => void) | undefined): Lease {
  if (onEffect === undefined) return lease;
  return {
    acquire: () => lease.acquire(),
    isHeld: () => {
      onEffect();
      return lease.isHeld();
    },
    release: () => lease.release(),
  };
}

/** What the log of a red check ends with: an agent can mend only what it was shown. */
export const RED_LOG = "expected hello, got goodbye";

export function repoNamed(name: string): RepoRef {
  return { tracker: "github", owner: "o", name };
}

/** Taking and releasing the lease, where they are numbered. */
export function isLeaseStep(effect: string): boolean {
  return effect === "acquire" || effect === "release";
}

/** A repo's own settings. */
export function policyFor(world: World, repo: string, policy: Partial<RepoPolicy>): void {
  const standard: RepoPolicy = { ci: "required", dispatchOnRed: false };
  world.settings.policies = new Map([
    ...world.settings.policies,
    [repoKey(repoNamed(repo)), { ...standard, ...policy }],
  ]);
}

class RecordingPlan extends FaultPlan {
  readonly #note: (effect: string) => void;

  constructor(note: (effect: string) => void, faults: Faults) {
    super(faults);
    this.#note = note;
  }

  override next(effect: string): ReturnType<FaultPlan["next"]> {
    this.#note(effect);
    return super.next(effect);
  }
}
