import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import type { Config } from "../pure/config.ts";
import { leaseNameOf } from "../pure/config-cluster.ts";
import { renderRuns } from "../pure/plan-table.ts";
import { ConfigRefused } from "./deps.ts";
import { createSecrets } from "./log.main.ts";
import { hasGaps, planFrom } from "./plan.main.ts";
import { readConfig } from "./settings.main.ts";
import { peekClusterLease, wireCluster } from "./wiring-cluster.main.ts";
import { peekLeaseOfMachine } from "./wiring.main.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Both gates, who has which lease, and every run in flight, on stdout; problems go to stderr. Needs the allowlist and
 * the services, not the kill switch. Exits 1 when something could not be read.
 */
export async function runStatus(env: Env): Promise<number> {
  const secrets = createSecrets();
  const parsed = await readConfig(env, "services");
  if (parsed.kind === "problems") {
    for (const { key, problem, mend } of parsed.problems) complain(`${key} ${problem}: ${mend}.`);
    return EXIT_CONFIG;
  }
  // Asked from within a shard it tells of all of them all the same.
  const config: Config = { ...parsed.config, shard: null };
  process.stdout.write(gateLines(config));
  try {
    if (config.repos.length === 0) return EXIT_OK;
    process.stdout.write(`${(await leaseLines(parsed.config)).join("\n")}\n\n`);
    const report = await planFrom(config, secrets);
    process.stdout.write(secrets.redact(renderRuns(report)));
    return hasGaps(report) ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    complain(secrets.redact(`The runs cannot be told: ${why}`));
    return error instanceof ConfigRefused ? EXIT_CONFIG : EXIT_FAILED;
  }
}

function gateLines({ gates, repos, isDraining }: Config): string {
  const isKilled = gates.kind === "disabled" && gates.because === "kill-switch";
  const draining = isDraining ? "\nAFK_DRAIN is on: no new run is started." : "";
  return (
    `kill switch  ${isKilled ? "on: both ticks are disabled" : "off"}\n` +
    `allowlist    ${repos.length === 0 ? "empty: both ticks are disabled" : `${repos.length} enrolled`}` +
    `${draining}\n`
  );
}

async function leaseLines(config: Config): Promise<readonly string[]> {
  const cluster = wireCluster(config, "status");
  try {
    const lines: string[] = [];
    for (const name of leaseNames(config)) {
      lines.push(`lease        ${name}: ${await holderOf(config, name, cluster)}`);
    }
    return lines;
  } finally {
    await cluster.close();
  }
}

function leaseNames({ shard }: Config): readonly string[] {
  const shards =
    shard === null
      ? [null]
      : Array.from({ length: shard.count }, (_, index) => ({ index, count: shard.count }));
  return ["poller", "watcher"].flatMap((loop) => shards.map((each) => leaseNameOf(loop, each)));
}

/** A lease that cannot be told is one line of the answer, and no reason to keep the runs from a person. */
async function holderOf(
  { lease, agent }: Config,
  name: string,
  cluster: ReturnType<typeof wireCluster>,
): Promise<string> {
  try {
    const holder =
      lease.kind === "kubernetes"
        ? await peekClusterLease(cluster, { namespace: lease.namespace, name })
        : await peekLeaseOfMachine(name, agent?.baseUrl ?? "");
    return holder === null ? "free" : `held by ${holder}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
