import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type SandboxT3,
  type SandboxT3Options,
  type SandboxThread,
  startT3,
} from "../../sandbox/t3/t3-server.ts";
import { createT3Agent } from "../../src/adapters/agent/t3.ts";
import { createBoundedFetch } from "../../src/adapters/http.ts";
import type { TickDeps } from "../../src/loops/deps.ts";
import { createSecrets } from "../../src/loops/log.main.ts";
import { type PollSettings, pollTick } from "../../src/loops/poll-tick.ts";
import { readSecret } from "../../src/loops/read-secret.main.ts";
import { type WatchSettings, watchTick } from "../../src/loops/watch-tick.ts";
import { readLimits } from "../../src/pure/config-env.ts";
import { parseMessageId, parseThreadId } from "../../src/pure/identity.ts";
import { type IssueRef, issueKey } from "../../src/pure/issue.ts";
import type { Limits } from "../../src/pure/limits.ts";
import type { RunRecord } from "../../src/pure/run-record.ts";
import { recordCommentsOf } from "../../src/pure/run-record-codec.ts";
import { FakeCi } from "../fakes/fake-ci.ts";
import { FakeLeaseStore } from "../fakes/fake-lease.ts";
import { FakeNotifier } from "../fakes/fake-notifier.ts";
import { FakeTracker } from "../fakes/fake-tracker.ts";
import { LABELS, LEASE_TTL_MS, MARIA, MINUTE, RED_LOG, repoNamed, ROBOT } from "../loops/world.ts";
import { sha256 } from "../pure/builders.ts";
import { type Puppet, Puppets } from "./puppets.ts";
import { SkippingClock } from "./skipping-clock.ts";

const TOKEN = "t3-ticks-token";
const REPO = repoNamed("a");
/** Longer than anything the sandbox's server waits for, a hundred times over: a busy machine fails no test. */
const PATIENCE_MS = 20_000;

type Said = {
  readonly message: string;
  readonly level: "info" | "warn" | "error";
  readonly fields: object;
};

/** Both ticks over the real adapter and a T3 server on loopback; tracker, CI and doorbell are fakes. */
export class T3Ticks implements AsyncDisposable {
  readonly clock = new SkippingClock();
  readonly tracker = new FakeTracker({ clock: this.clock });
  readonly ci = new FakeCi({ clock: this.clock });
  readonly notifier = new FakeNotifier("ntfy");
  readonly puppets: Puppets;
  readonly t3: SandboxT3;
  readonly issue: IssueRef;
  readonly said: Said[] = [];
  readonly tokenFile: string;
  /** How far the clock of the machine that runs the ticks is behind the server's. */
  slowMs = 0;
  limits: Limits = readLimits({ env: {}, problems: [] });
  readonly #dir: string;
  readonly #client = createBoundedFetch({
    timeoutMs: PATIENCE_MS,
    bodyBytesMax: 8 * 1024 * 1024,
    connectionsMax: 4,
  });
  readonly #leases = {
    poll: new FakeLeaseStore({ clock: this.clock, ttlMs: LEASE_TTL_MS }),
    watch: new FakeLeaseStore({ clock: this.clock, ttlMs: LEASE_TTL_MS }),
  };
  #processes = 0;
  #commands = 0;

  private constructor(parts: Pick<T3Ticks, "t3" | "puppets"> & { readonly dir: string }) {
    this.t3 = parts.t3;
    this.puppets = parts.puppets;
    this.#dir = parts.dir;
    this.tokenFile = join(parts.dir, "token");
    this.tracker.addRepo({ ref: REPO });
    if (MARIA.kind === "account") this.tracker.setPermission(REPO, MARIA.id, "write");
    this.ci.green(this.tracker.push(REPO, { message: "Begin" }));
    const text = { title: "Add a greeting", body: "It says hello." };
    this.issue = this.tracker.addIssue({ repo: REPO, ...text, by: MARIA });
    this.tracker.label(this.issue, LABELS.ready, MARIA);
  }

  /** A server of its own with one approved issue in a repo that is enrolled. */
  static async open(version: string, options: Partial<SandboxT3Options> = {}): Promise<T3Ticks> {
    const dir = await mkdtemp(join(tmpdir(), "ticks-t3-"));
    const puppets = new Puppets();
    const agent = puppets.program;
    const t3 = await startT3({ dir: join(dir, "t3"), token: TOKEN, version, agent, ...options });
    const ticks = new T3Ticks({ t3, puppets, dir });
    await writeFile(ticks.tokenFile, `${TOKEN}\n\n`);
    return ticks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await this.t3.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }

  // Ticks.

  poll() {
    return pollTick(this.#deps(this.#leases.poll), this.#settings());
  }

  watch() {
    return watchTick(this.#deps(this.#leases.watch), this.#settings());
  }

  /** A poll, a watch and a minute. Both must end without a failure. */
  async minute(): Promise<void> {
    const failed = (await this.poll()).failed + (await this.watch()).failed;
    if (failed > 0) throw new Error(JSON.stringify(this.problems()));
    this.clock.advance(MINUTE);
  }

  /** Minutes until a further turn is asked for, so few that no limit is near; then, until it is under way. */
  async nextTurn(): Promise<Puppet> {
    const begun = this.puppets.turns.length;
    const starts = () => this.commands().filter((type) => type === "thread.turn.start").length;
    const asked = starts();
    for (let minutes = 0; minutes < 3 && starts() === asked; minutes += 1) await this.minute();
    return this.turnBegun(begun);
  }

  /** The turn after so many, once T3 shows it as running. */
  async turnBegun(before: number): Promise<Puppet> {
    await this.until("a turn runs", () => {
      return this.puppets.turns.length > before && this.thread().session?.status === "running";
    });
    const turn = this.puppets.turns.at(-1);
    if (turn === undefined) throw new Error("no turn has begun");
    return turn;
  }

  // Agents, CI and people.

  /** The turn ends with these words, and nothing of it goes on. */
  async ends(turn: Puppet, words: string): Promise<void> {
    turn.voice.say(words);
    turn.end();
    await this.untilQuiet();
  }

  /** The agent pushes, CI answers, and the turn ends. */
  async lands(turn: Puppet, ci: "green" | "red" = "green"): Promise<void> {
    const runId = parseThreadId(this.thread().id)?.runId;
    const trailers = `Refs ${issueKey(this.issue)}\n\nAFK-Run: ${runId}\nAFK-Phase: green`;
    const sha = this.tracker.push(REPO, { message: `Step\n\n${trailers}`, by: ROBOT });
    if (ci === "green") this.ci.green(sha);
    else this.ci.red(sha, "test", RED_LOG);
    await this.ends(turn, `Done.\n\nAFK-Outcome: pushed ${sha}`);
  }

  /** A person's command on the thread, as T3's own page sends it. */
  async command(type: string): Promise<void> {
    this.#commands += 1;
    const commandId = `person-${this.#commands}`;
    const response = await fetch(`${this.t3.url}/api/orchestration/dispatch`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ type, commandId, threadId: this.thread().id }),
    });
    if (!response.ok) throw new Error(`${type}: ${response.status}`);
  }

  untilQuiet(): Promise<void> {
    return this.until("the session rests", () => {
      const { session } = this.thread();
      return session?.activeTurnId === null && session.status !== "running";
    });
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!holds()) {
      const { session, latestTurn } = this.thread();
      const now = JSON.stringify({ session, latestTurn });
      if (Date.now() > end) throw new Error(`waited in vain until ${what}: ${now}`);
      await sleep(5);
    }
  }

  // Eyes.

  /** The one thread there is. */
  thread(): SandboxThread {
    const [thread, ...others] = this.t3.threads();
    if (thread === undefined || others.length > 0) {
      throw new Error(`${others.length + (thread === undefined ? 0 : 1)} threads`);
    }
    return thread;
  }

  record(): RunRecord {
    const [comment] = recordCommentsOf(this.tracker.see(this.issue));
    if (comment?.kind !== "record") throw new Error("no record");
    return comment.record;
  }

  verdict(): string | null {
    const { verdict } = this.record();
    return verdict === null ? null : `${verdict.kind} ${verdict.because}`;
  }

  progress(): string {
    const { ownComments } = this.tracker.see(this.issue);
    const bodies = ownComments.comments.map(({ body }) => body);
    return bodies.find((body) => body.startsWith("<!-- afk:run=")) ?? "";
  }

  /** Kinds of the turns in the record, with their attempts. */
  turnsAsked(): readonly string[] {
    const comments = recordCommentsOf(this.tracker.see(this.issue));
    return comments.flatMap((each) =>
      each.kind === "record" ? each.record.turns.map((one) => `${one.kind}/${one.attempt}`) : [],
    );
  }

  /** Kinds and attempts of our messages in the thread, each once. */
  messages(): readonly string[] {
    return this.thread().messages.flatMap(({ id }) => {
      const turn = parseMessageId(id);
      return turn === null ? [] : [`${turn.kind}/${turn.attempt}`];
    });
  }

  /** The types of the commands that the server took, oldest first. */
  commands(): readonly string[] {
    return this.t3.requests.flatMap(({ commandType, commandId, status }) =>
      commandType === undefined || commandId?.startsWith("person-") || status !== 200
        ? []
        : [commandType],
    );
  }

  problems(): readonly string[] {
    return this.said
      .filter(({ level }) => level === "error")
      .map(({ message, fields }) => `${message} ${JSON.stringify(fields, withErrors)}`);
  }

  #settings(): PollSettings & WatchSettings {
    const robot = ROBOT.kind === "account" ? ROBOT.id : "";
    return {
      repos: [REPO],
      policies: new Map(),
      labels: LABELS,
      limits: this.limits,
      trust: { trustedActors: [], agentActors: [robot] },
      agentActors: [robot],
      isDraining: false,
      workspacesRoot: join(this.#dir, "data"),
      links: { template: "{base}/{environmentId}/{threadId}", base: this.t3.url },
      model: "claude-sonnet-4-5",
    };
  }

  /** A fresh adapter, as every process has it. */
  #deps(store: FakeLeaseStore): TickDeps {
    this.#processes += 1;
    const agent = createT3Agent({
      fetch: this.#client.fetch,
      baseUrl: new URL(this.t3.url),
      readToken: () =>
        readSecret("T3_TOKEN", { kind: "file", path: this.tokenFile }, createSecrets()),
      // Not the ticks' clock: an old server keeps a client's time, and here that one runs ahead.
      now: () => new Date(Date.now() - this.slowMs),
      model: { instanceId: "claudeAgent", model: "claude-sonnet-4-5" },
      runtimeMode: "full-access",
    });
    const say = (level: Said["level"]) => (fields: object, message: string) => {
      this.said.push({ level, message, fields });
    };
    return {
      tracker: { reader: this.tracker, writer: this.tracker },
      agent: { reader: agent, writer: agent },
      ci: this.ci,
      notifiers: [this.notifier],
      lease: store.lease(`process-${this.#processes}`),
      log: { info: say("info"), warn: say("warn"), error: say("error") },
      now: this.clock.now,
      sha256,
    };
  }
}

function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}
