import { readFile } from "node:fs/promises";
import type { YAMLParseError } from "yaml";
import { type Config, type ConfigNeeds, type ConfigResult, parseConfig } from "../pure/config.ts";
import { readConfigPath } from "../pure/config-file.ts";
import type { ConfigProblem } from "../pure/config-reading.ts";
import { type RepoRef, repoKey } from "../pure/issue.ts";
import { splitRepos } from "../pure/shard.ts";
import type { PollSettings } from "./poll-tick.ts";
import type { WatchSettings } from "./watch-tick.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The configuration from the environment and the file it may name; a file that cannot be read is a problem,
 * which says where and repeats nothing of it: somebody may have put a secret there.
 */
export async function readConfig(env: Env, needs: ConfigNeeds): Promise<ConfigResult> {
  const problems: ConfigProblem[] = [];
  const path = readConfigPath({ env, problems });
  if (problems.length > 0) return { kind: "problems", problems };
  if (path === null) return parseConfig(env, undefined, needs);
  const { parse, YAMLParseError } = await import("yaml");
  let file: unknown;
  try {
    const text = await readFile(path, "utf8");
    // A warning would print the line it is about.
    file = parse(text, { logLevel: "error" });
  } catch (error) {
    const problem =
      error instanceof YAMLParseError ? placeOf(error) : `cannot be read${codeOf(error)}`;
    const mend = "name a readable YAML file";
    return { kind: "problems", problems: [{ key: "AFK_CONFIG_FILE", problem, mend }] };
  }
  return parseConfig(env, file, needs);
}

function placeOf({ code, linePos }: YAMLParseError): string {
  const [start] = linePos ?? [];
  const at = start === undefined ? "" : ` at line ${start.line}, column ${start.col}`;
  return `is not YAML: ${code}${at}`;
}

/** `ENOENT` and its like; messages name the path, and some of the content. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
}

/** What the configuration tells a poll tick. */
export function pollSettings(config: Config): PollSettings {
  const { shard } = config;
  return {
    ...commonSettings(config),
    ...(shard === null ? {} : { sharding: { shard, elsewhere: elsewhereOf(config) } }),
    trust: config.trust,
    isDraining: config.isDraining,
  };
}

/** What the configuration tells a watch tick. */
export function watchSettings(config: Config): WatchSettings {
  return {
    ...commonSettings(config),
    elsewhere: elsewhereOf(config),
    agentActors: config.trust.agentActors,
    model: config.agent?.model ?? "",
  };
}

function elsewhereOf({ repos, shard }: Config): readonly RepoRef[] {
  return splitRepos(repos, shard).elsewhere.map((repo) => repo.ref);
}

function commonSettings(config: Config) {
  const { agent } = config;
  return {
    repos: splitRepos(config.repos, config.shard).own.map((repo) => repo.ref),
    policies: new Map(config.repos.map((repo) => [repoKey(repo.ref), repo.policy])),
    labels: config.labels,
    limits: config.limits,
    workspacesRoot: agent?.workspaceRoot ?? "",
    links: { template: agent?.linkTemplate ?? "", base: agent?.publicUrl ?? "" },
  };
}
