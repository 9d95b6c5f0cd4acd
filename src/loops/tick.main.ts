import * as z from "zod";
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import type { Config, LogLevel } from "../pure/config.ts";
import { tellNotEnrolled } from "../pure/config-file.ts";
import { tellGates } from "../pure/gates.ts";
import { repoKey } from "../pure/issue.ts";
import { splitRepos } from "../pure/shard.ts";
import type { Signal } from "../pure/signals.ts";
import { ConfigRefused, type TickLog } from "./deps.ts";
import { withoutEffects } from "./dry-run.ts";
import { createLog, createSecrets, type Secrets } from "./log.main.ts";
import { type PollSummary, pollTick } from "./poll-tick.ts";
import { leaveLastWords, reportTick } from "./report-tick.main.ts";
import { pollSettings, readConfig, watchSettings } from "./settings.main.ts";
import { type WatchSummary, watchTick } from "./watch-tick.ts";
import { createStopGate } from "./stop-gate.ts";
import { endOnSigterm } from "./terminate.main.ts";
import { wire } from "./wiring.main.ts";

// Zod would write and compile a parser for each schema: a tick puts only a few values through one.
z.config({ jitless: true });

export type LoopName = "poller" | "watcher";

/** `dry-run`: everything is read and decided, and every effect only said. */
export type TickMode = "perform" | "dry-run";

type Env = Readonly<Record<string, string | undefined>>;

/** One tick from the environment to the exit code. */
export async function runTick(loop: LoopName, env: Env, mode: TickMode): Promise<number> {
  const secrets = createSecrets();
  const parsed = await readConfig(env, "services-when-armed");
  const level = parsed.kind === "ok" ? parsed.config.logLevel : "info";
  const log =
    mode === "dry-run"
      ? createLog({ level: atLeastInfo(level), loop, secrets }).child({ dryRun: true })
      : createLog({ level, loop, secrets });
  if (parsed.kind === "problems") {
    for (const problem of parsed.problems) log.error(problem, "configuration wrong");
    return EXIT_CONFIG;
  }
  const { config } = parsed;
  if (config.gates.kind === "disabled") {
    const { because, text } = config.gates;
    log.info({ gates: tellGates(env), because, text }, "disabled");
    return EXIT_OK;
  }
  log.info({ gates: "open", ...scopeOf(config), isDraining: config.isDraining }, "tick begins");
  const notEnrolled = tellNotEnrolled(config.notEnrolled);
  if (notEnrolled !== null) log.warn({ repos: config.notEnrolled }, notEnrolled);
  try {
    const failed = await tick(loop, config, { log, secrets, mode, env });
    return failed > 0 ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    log.error({ err: error }, "tick failed");
    const why = error instanceof Error ? error.message : String(error);
    await leaveLastWords(loop, { kind: "failed", why: secrets.redact(why) });
    return error instanceof ConfigRefused ? EXIT_CONFIG : EXIT_FAILED;
  }
}

/** The repos that this tick serves, and of a sharded one which shard it is. */
function scopeOf({ repos, shard }: Config) {
  const served = splitRepos(repos, shard).own.map((repo) => repoKey(repo.ref));
  return shard === null ? { repos: served } : { shard, repos: served };
}

/** A dry run is asked for what it says: at a quieter level it would say nothing. */
function atLeastInfo(level: LogLevel): LogLevel {
  return level === "trace" || level === "debug" ? level : "info";
}

async function tick(
  loop: LoopName,
  config: Config,
  options: {
    readonly log: TickLog;
    readonly secrets: Secrets;
    readonly mode: TickMode;
    readonly env: Env;
  },
): Promise<number> {
  const beganAt = Date.now();
  const wiring = await wire(config, { loop, ...options });
  const stop = createStopGate();
  const signals: Signal[] = [];
  const told = { tell: (signal: Signal) => void signals.push(signal) };
  const wired = { ...wiring.deps, stop, signals: told };
  const deps = options.mode === "dry-run" ? withoutEffects(wired) : wired;
  const forgetSigterm = endOnSigterm(stop, { lease: deps.lease, log: options.log });
  let summary: PollSummary | WatchSummary | null = null;
  try {
    summary =
      loop === "poller"
        ? await pollTick(deps, pollSettings(config))
        : await watchTick(deps, watchSettings(config));
    const ms = Date.now() - beganAt;
    const line = { ...summary, requests: wiring.requests(), github: wiring.github(), ms };
    options.log.info(line, "tick done");
    await leaveLastWords(loop, line);
    return summary.failed;
  } finally {
    // Told to end, the handler has the last word: it exits once the lease is given back.
    if (stop.isShut()) await new Promise(() => {});
    forgetSigterm();
    if (options.mode === "perform" && summary?.kind !== "lease-held-elsewhere") {
      const { failed = 1 } = summary ?? {};
      const dispatched = summary !== null && "dispatched" in summary ? summary.dispatched : 0;
      const done = { ms: Date.now() - beganAt, requests: wiring.requests(), dispatched, failed };
      await reportTick({ ...options, ...done, config, loop, cluster: wiring.cluster, signals });
    }
    await wiring.close();
  }
}
