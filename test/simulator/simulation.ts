import { readGates } from "../../src/pure/gates.ts";
import { type IssueRef, issueKey } from "../../src/pure/issue.ts";
import { ProcessDied } from "../fakes/fake-faults.ts";
import { Turnstile } from "../loops/turnstile.ts";
import {
  isLeaseStep,
  LABELS,
  type Life,
  MARIA,
  MINUTE,
  policyFor,
  ROBOT,
  World,
} from "../loops/world.ts";
import { workOn } from "./agents-at-work.ts";
import { brokenAtTheEnd, isOver, runBoundMs } from "./ending.ts";
import {
  describeMove,
  type Loop,
  type Move,
  type PersonAct,
  type Scenario,
  type Schedule,
} from "./moves.ts";
import { answerAll, performPerson } from "./people.ts";
import { createRandom } from "./random.ts";
import { healServices, performService } from "./services.ts";
import { Watchman } from "./watchman.ts";

/** What a schedule came to. */
export type Outcome = {
  /** Laws that were broken, in words; none is what every schedule wants. */
  readonly broken: readonly string[];
  readonly counts: Counts;
  /** The history, line by line, where it was asked for. */
  readonly story: readonly string[];
};

/** What was simulated, to be added up. */
export type Counts = {
  ticks: number;
  effects: number;
  crashes: number;
  faults: Record<string, number>;
  verdicts: Record<string, number>;
  holds: Record<string, number>;
};

/** Ticks over a world in which nothing is left to do: one, and thirty in every so manieth schedule. */
const QUIET_TICKS = 1;
const QUIET_TICKS_LONG = 30;
const LONG_EVERY = 50;

/** Several hours into the rest: afk has done all it can about a thread by then. */
const STEPS_BEFORE_HANDS = 24;

/** Plays one schedule to its end and judges it. */
export async function simulate(schedule: Schedule, isTold = false): Promise<Outcome> {
  return new Simulation(schedule, isTold).run();
}

class Simulation {
  readonly #schedule: Schedule;
  readonly #world: World;
  readonly #watchman: Watchman;
  readonly #story: string[] = [];
  readonly #isTold: boolean;
  readonly #counts: Counts = {
    ticks: 0,
    effects: 0,
    crashes: 0,
    faults: {},
    verdicts: {},
    holds: {},
  };
  #isKilled = false;
  #isAgentSilent = false;
  /** Faults that may part what a tick did from what it could note. */
  #disturbances = 0;
  /** Requests that landed although their tick had lost its lease. */
  #inFlight = 0;
  #isApprovedMidTick = false;
  #toldTo = 0;

  constructor(schedule: Schedule, isTold: boolean) {
    this.#schedule = schedule;
    this.#isTold = isTold;
    this.#world = begin(schedule.scenario);
    this.#watchman = new Watchman(this.#world, schedule.scenario.obedience === "obeys");
  }

  async run(): Promise<Outcome> {
    this.#watchman.noteApprovals();
    for (const [at, move] of this.#schedule.moves.entries()) {
      this.#tell(`${at + 1}. ${describeMove(move)}`);
      await this.#perform(move, at);
      this.#watchman.noteApprovals();
    }
    const isQuiet = await this.#comeToRest();
    const quiet = await this.#quietEffects(isQuiet);
    const broken = [
      ...this.#watchman.broken,
      ...(await brokenAtTheEnd(this.#world, {
        inFlight: this.#inFlight,
        disturbances: this.#disturbances,
        used: this.#watchman.used,
        isApprovedMidTick: this.#isApprovedMidTick,
      })),
      ...quiet.map((effect) => `law 11: after the end: ${effect}`),
    ];
    this.#count();
    return { broken: [...new Set(broken)], counts: this.#counts, story: this.#story };
  }

  async #perform(move: Move, at: number): Promise<void> {
    const { issues } = this.#world;
    const refOf = (issue: number): IssueRef => {
      const ref = issues[issue % issues.length];
      if (ref === undefined) throw new Error("a world without issues");
      return ref;
    };
    switch (move.kind) {
      case "tick": {
        this.#disturbances += move.faults.length;
        await this.#tick(move.loop, this.#world.life([...move.faults]));
        return;
      }
      case "together":
        await this.#together(move);
        return;
      case "overtaken":
        await this.#overtaken(move);
        return;
      case "meddled":
        await this.#meddled(move, { ref: refOf(move.issue), number: at });
        return;
      case "work":
        workOn(this.#world, this.#schedule.seed, "as-they-please");
        return;
      case "person":
        this.#actAsPerson(move.act, { ref: refOf(move.issue), number: at });
        return;
      case "service":
        this.#countFault(move.act);
        this.#disturbances += 1;
        if (move.act === "agents-down" || move.act === "agents-unreadable")
          this.#isAgentSilent = true;
        if (move.act === "agents-up") this.#isAgentSilent = false;
        await performService(this.#world, refOf(move.issue), move.act);
        return;
      case "kill-switch":
        this.#isKilled = move.isOn;
        return;
      case "drain":
        this.#world.settings.isDraining = move.isOn;
        return;
      case "time":
        this.#world.advance(move.ms);
    }
  }

  /** One tick; its process may die, and what it throws must be the outside world's doing. */
  async #tick(loop: Loop, life: Life): Promise<void> {
    if (this.#isDisabled()) return;
    this.#watchman.before(this.#isAgentSilent);
    const isAlive = await this.#outlive(this.#world[loop](life));
    this.#noteTick(life, isAlive);
    this.#watchman.after([{ loop, process: life.process, isWhole: isAlive }]);
    this.#tellNews();
  }

  async #together(move: Extract<Move, { kind: "together" }>): Promise<void> {
    if (this.#isDisabled()) return;
    const random = createRandom(move.order);
    const turnstile = new Turnstile((waiting) => (waiting === 0 ? 0 : random.int(waiting)));
    const ticks = move.loops.map((loop) => ({
      loop,
      life: this.#world.life([], turnstile.gate()),
    }));
    this.#watchman.before(this.#isAgentSilent);
    await turnstile.run(ticks.map(({ loop, life }) => this.#outlive(this.#world[loop](life))));
    for (const { life } of ticks) this.#noteTick(life, true);
    this.#watchman.after(
      ticks.map(({ loop, life }) => ({ loop, process: life.process, isWhole: false })),
    );
    this.#tellNews();
  }

  /** A person acts between what a tick read and what it does about it. */
  async #meddled(
    move: Extract<Move, { kind: "meddled" }>,
    on: { readonly ref: IssueRef; readonly number: number },
  ): Promise<void> {
    if (this.#isDisabled()) return;
    let calls = 0;
    const gate = async (): Promise<void> => {
      calls += 1;
      if (calls !== move.call) return;
      if (move.act === "approve-again") this.#isApprovedMidTick = true;
      this.#actAsPerson(move.act, on);
    };
    this.#watchman.before(this.#isAgentSilent);
    const life = this.#world.life([], gate);
    const isAlive = await this.#outlive(this.#world[move.loop](life));
    this.#noteTick(life, isAlive);
    this.#watchman.after([{ loop: move.loop, process: life.process, isWhole: false }]);
    this.#tellNews();
  }

  #actAsPerson(act: PersonAct, on: { readonly ref: IssueRef; readonly number: number }): void {
    this.#countFault(act);
    if (act === "delete-progress" || act === "tamper-progress")
      this.#watchman.forgetVerdicts(on.ref);
    performPerson(this.#world, on.ref, { act, number: on.number });
    this.#watchman.noteApprovals();
  }

  /** The process sleeps in the middle of a request, another tick passes, and the request still lands. */
  async #overtaken(move: Extract<Move, { kind: "overtaken" }>): Promise<void> {
    if (this.#isDisabled()) return;
    const lease = move.loop === "poll" ? this.#world.pollLease : this.#world.watchLease;
    let effects = 0;
    let triedBefore: number | null = null;
    const gate = async (call: string): Promise<void> => {
      if (!isWrite(call)) return;
      effects += 1;
      if (effects !== move.effect) return;
      triedBefore = life.plan.effects.length;
      this.#inFlight += 1;
      this.#disturbances += 1;
      lease.expire();
      await this.#world[move.loop]();
    };
    this.#watchman.before(this.#isAgentSilent);
    const life: Life = this.#world.life([], gate);
    const isAlive = await this.#outlive(this.#world[move.loop](life));
    const landed = triedBefore === null ? 0 : life.plan.effects.length - triedBefore;
    if (landed > 1) this.#watchman.broken.push(`law 2: ${landed} effects after the lease was lost`);
    this.#noteTick(life, isAlive);
    const tick = { loop: move.loop, process: life.process, isWhole: false };
    this.#watchman.after([tick, { ...tick, process: -1 }]);
    this.#tellNews();
  }

  #isDisabled(): boolean {
    const gates = readGates({
      AFK_KILL_SWITCH: String(this.#isKilled),
      AFK_ALLOWLIST: this.#schedule.scenario.repos.map((repo) => `o/${repo}`).join(),
    });
    if (gates.kind !== "disabled") {
      if (this.#isKilled) this.#watchman.broken.push("law 1: a tick runs with the kill switch on");
      return false;
    }
    this.#tell("   disabled");
    return true;
  }

  async #outlive(tick: Promise<unknown>): Promise<boolean> {
    try {
      await tick;
      return true;
    } catch (error) {
      if (error instanceof ProcessDied) return false;
      const isPlanned = error instanceof Error && /^failed |planned trouble/.test(error.message);
      if (!isPlanned) this.#watchman.broken.push(`a tick threw: ${String(error)}`);
      return false;
    }
  }

  #noteTick(life: Life, isAlive: boolean): void {
    this.#counts.ticks += 1;
    this.#counts.effects += life.plan.effects.length;
    if (!isAlive && life.plan.isDead) {
      this.#counts.crashes += 1;
      this.#countFault("crash");
    }
  }

  /** Services heal, people answer and resume, agents end what they began, until every run has its verdict. */
  async #comeToRest(): Promise<boolean> {
    const world = this.#world;
    this.#tell("everything heals");
    this.#isKilled = false;
    this.#isAgentSilent = false;
    world.settings.isDraining = false;
    healServices(world);
    for (const ref of world.issues) world.tracker.unlabel(ref, LABELS.paused, MARIA);
    const boundMs = runBoundMs(world.settings.limits) * (world.issues.length + 1);
    const until = world.clock.now() + boundMs;
    for (let step = 0; world.clock.now() <= until; step += 1) {
      const before = world.effects().length;
      await this.#tick("poll", world.life());
      await this.#tick("watch", world.life());
      if (world.effects().length === before && isOver(world)) return true;
      for (const ref of world.issues) answerAll(world, ref);
      if (step === STEPS_BEFORE_HANDS) deleteStubborn(world);
      // What was asked for begins, and ends in the same step.
      workOn(world, this.#schedule.seed, "swift");
      workOn(world, this.#schedule.seed, "swift");
      world.advance(stepMs(step));
    }
    return false;
  }

  /** A rest that ended with ticks that did nothing has shown so already. */
  async #quietEffects(isQuiet: boolean): Promise<readonly string[]> {
    const isLong = this.#schedule.seed % LONG_EVERY === 0;
    const ticks = isLong ? QUIET_TICKS_LONG : isQuiet ? 0 : QUIET_TICKS;
    const effects: string[] = [];
    for (let tick = 0; tick < ticks; tick += 1) {
      effects.push(
        ...(await this.#world.effectsOf(async () => {
          await this.#tick("poll", this.#world.life());
          await this.#tick("watch", this.#world.life());
        })),
      );
      this.#world.advance(MINUTE);
    }
    return effects.filter((effect) => !isLeaseStep(effect));
  }

  #count(): void {
    for (const ref of this.#world.issues) {
      for (const { verdict } of this.#world.records(ref)) {
        const kind = verdict === null ? "none" : `${verdict.kind} ${verdict.because}`;
        this.#counts.verdicts[kind] = (this.#counts.verdicts[kind] ?? 0) + 1;
      }
    }
    for (const { fields } of this.#world.logs("decided")) {
      const { decision } = fields as { decision?: { kind?: string; because?: string } };
      if (decision?.kind !== "hold") continue;
      const because = decision.because ?? "";
      this.#counts.holds[because] = (this.#counts.holds[because] ?? 0) + 1;
    }
  }

  #countFault(kind: string): void {
    this.#counts.faults[kind] = (this.#counts.faults[kind] ?? 0) + 1;
  }

  #tell(line: string): void {
    if (this.#isTold)
      this.#story.push(`${new Date(this.#world.clock.now()).toISOString()} ${line}`);
  }

  #tellNews(): void {
    if (!this.#isTold) return;
    for (const each of this.#world.timeline.slice(this.#toldTo)) {
      const text =
        each.kind === "effect"
          ? `effect ${each.effect}`
          : `${each.level} ${each.message} ${JSON.stringify(each.fields, tellError)}`;
      this.#story.push(`     [${each.process}] ${text}`);
    }
    this.#toldTo = this.#world.timeline.length;
  }
}

/** What heeds neither interrupt nor stop is a person's to end, as the notice says. */
function deleteStubborn(world: World): void {
  for (const id of world.agent.threadIds()) {
    const { session, presence } = world.agent.see(id);
    if (presence !== "deleted" && session?.status === "running") world.agent.deleteThread(id);
  }
}

function tellError(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

function begin(scenario: Scenario): World {
  const { attempts } = scenario;
  const world = new World({
    repos: scenario.repos,
    notifiers: scenario.bells,
    skewMs: scenario.skewMs,
    agent: { interruptEndsAs: scenario.interruptEndsAs, obedience: scenario.obedience },
    limits: {
      runsMax: scenario.runsMax,
      fixForwardAttemptsMax: attempts.fixForward,
      nudgeAttemptsMax: attempts.nudge,
      redispatchAttemptsMax: attempts.redispatch,
    },
  });
  for (const repo of scenario.repos) policyFor(world, repo, scenario.policy);
  for (const repo of world.settings.repos) {
    // Agents push: what holds their labels back is not what they may do.
    if (ROBOT.kind === "account") world.tracker.setPermission(repo, ROBOT.id, "write");
  }
  for (const repo of scenario.issues) {
    const ref = world.readyIssue(repo, `Add greeting ${world.issues.length + 1}`);
    if (ref.number > 1000) throw new Error(issueKey(ref));
    world.advance(1000);
  }
  return world;
}

/** Every write of a port is a verb in the imperative; reads begin otherwise. */
function isWrite(call: string): boolean {
  return !/^(?:read|list|observe|whoAmI|isHeld|acquire|release)/.test(call);
}

/** Minutes at first, then longer, so that the longest wait of the product ends within few steps. */
function stepMs(step: number): number {
  if (step < 8) return MINUTE;
  return step < 20 ? 10 * MINUTE : 3 * 60 * MINUTE;
}
