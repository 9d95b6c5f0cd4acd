import { readFile } from "node:fs/promises";
import { type Config, type ConfigNeeds, type ConfigResult, parseConfig } from "../pure/config.ts";
import { repoKey } from "../pure/issue.ts";
import type { PollSettings } from "./poll-tick.ts";
import type { WatchSettings } from "./watch-tick.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The configuration from the environment and the file it may name; a file that cannot be read is a problem. */
export async function readConfig(env: Env, needs: ConfigNeeds): Promise<ConfigResult> {
  const path = env["AFK_CONFIG_FILE"]?.trim();
  if (path === undefined || path === "") return parseConfig(env, undefined, needs);
  try {
    const text = await readFile(path, "utf8");
    const { parse } = await import("yaml");
    return parseConfig(env, parse(text), needs);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const mend = "name a readable YAML file";
    return { kind: "problems", problems: [{ key: "AFK_CONFIG_FILE", problem: why, mend }] };
  }
}

/** What the configuration tells a poll tick. */
export function pollSettings(config: Config): PollSettings {
  return {
    ...commonSettings(config),
    trust: config.trust,
    isDraining: config.isDraining,
  };
}

/** What the configuration tells a watch tick. */
export function watchSettings(config: Config): WatchSettings {
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
