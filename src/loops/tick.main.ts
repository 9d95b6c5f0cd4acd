import { readFile } from "node:fs/promises";
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { type Config, type ConfigResult, parseConfig } from "../pure/config.ts";
import { repoKey } from "../pure/issue.ts";
import { ConfigRefused, type TickLog } from "./deps.ts";
import { createLog, createSecrets } from "./log.main.ts";
import { pollTick } from "./poll-tick.ts";
import { watchTick } from "./watch-tick.ts";
import { wire } from "./wiring.main.ts";

export type LoopName = "poller" | "watcher";

type Env = Readonly<Record<string, string | undefined>>;

/** One tick from the environment to the exit code. */
export async function runTick(loop: LoopName, env: Env): Promise<number> {
  const secrets = createSecrets();
  const parsed = await readConfig(env);
  const level = parsed.kind === "ok" ? parsed.config.logLevel : "info";
  const log = createLog({ level, loop, secrets });
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
    const failed = await tick(loop, config, { log, secrets });
    return failed > 0 ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    log.error({ err: error }, "tick failed");
    return error instanceof ConfigRefused ? EXIT_CONFIG : EXIT_FAILED;
  }
}

async function tick(
  loop: LoopName,
  config: Config,
  options: { readonly log: TickLog; readonly secrets: ReturnType<typeof createSecrets> },
): Promise<number> {
  const beganAt = Date.now();
  const wiring = await wire(config, { loop, ...options });
  try {
    const summary =
      loop === "poller"
        ? await pollTick(wiring.deps, pollSettings(config))
        : await watchTick(wiring.deps, watchSettings(config));
    const ms = Date.now() - beganAt;
    options.log.info({ ...summary, requests: wiring.requests(), ms }, "tick done");
    return summary.failed;
  } finally {
    await wiring.close();
  }
}

async function readConfig(env: Env): Promise<ConfigResult> {
  const path = env["AFK_CONFIG_FILE"]?.trim();
  if (path === undefined || path === "") return parseConfig(env, undefined);
  try {
    const text = await readFile(path, "utf8");
    const { parse } = await import("yaml");
    return parseConfig(env, parse(text));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const mend = "name a readable YAML file";
    return { kind: "problems", problems: [{ key: "AFK_CONFIG_FILE", problem: why, mend }] };
  }
}

function pollSettings(config: Config): Parameters<typeof pollTick>[1] {
  return {
    ...commonSettings(config),
    trust: config.trust,
    isDraining: config.isDraining,
  };
}

function watchSettings(config: Config): Parameters<typeof watchTick>[1] {
  return {
    ...commonSettings(config),
    agentActors: config.trust.agentActors,
    model: config.agent?.model ?? "",
  };
}

function commonSettings(config: Config) {
  const { agent } = config;
  return {
    repos: config.repos.map((repo) => repo.ref),
    policies: new Map(config.repos.map((repo) => [repoKey(repo.ref), repo.policy])),
    labels: config.labels,
    limits: config.limits,
    workspacesRoot: agent?.workspaceRoot ?? "",
    links: { template: agent?.linkTemplate ?? "", base: agent?.publicUrl ?? "" },
  };
}
