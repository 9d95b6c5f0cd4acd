import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import type { Config, LogLevel } from "../pure/config.ts";
import { repoKey } from "../pure/issue.ts";
import { ConfigRefused, type TickLog } from "./deps.ts";
import { withoutEffects } from "./dry-run.ts";
import { createLog, createSecrets, type Secrets } from "./log.main.ts";
import { pollTick } from "./poll-tick.ts";
import { pollSettings, readConfig, watchSettings } from "./settings.main.ts";
import { watchTick } from "./watch-tick.ts";
import { wire } from "./wiring.main.ts";

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
    log.info({ because, text }, "disabled");
    return EXIT_OK;
  }
  const repos = config.repos.map((repo) => repoKey(repo.ref));
  log.info({ gates: "open", repos, isDraining: config.isDraining }, "tick begins");
  try {
    const failed = await tick(loop, config, { log, secrets, mode });
    return failed > 0 ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    log.error({ err: error }, "tick failed");
    return error instanceof ConfigRefused ? EXIT_CONFIG : EXIT_FAILED;
  }
}

/** A dry run is asked for what it says: at a quieter level it would say nothing. */
function atLeastInfo(level: LogLevel): LogLevel {
  return level === "trace" || level === "debug" ? level : "info";
}

async function tick(
  loop: LoopName,
  config: Config,
  options: { readonly log: TickLog; readonly secrets: Secrets; readonly mode: TickMode },
): Promise<number> {
  const beganAt = Date.now();
  const wiring = await wire(config, { loop, ...options });
  const deps = options.mode === "dry-run" ? withoutEffects(wiring.deps) : wiring.deps;
  try {
    const summary =
      loop === "poller"
        ? await pollTick(deps, pollSettings(config))
        : await watchTick(deps, watchSettings(config));
    const ms = Date.now() - beganAt;
    options.log.info({ ...summary, requests: wiring.requests(), ms }, "tick done");
    return summary.failed;
  } finally {
    await wiring.close();
  }
}
