import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import type { Config } from "../pure/config.ts";
import type { PlanReport } from "../pure/plan-report.ts";
import { renderPlan } from "../pure/plan-table.ts";
import { ConfigRefused, type ReadDeps } from "./deps.ts";
import { createLog, createSecrets, explainError, type Secrets } from "./log.main.ts";
import { planNothing, type PlanSettings, readPlan } from "./plan.ts";
import { pollSettings, readConfig, watchSettings } from "./settings.main.ts";
import { wire } from "./wiring.main.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** How a plan is printed: a table for a person, or the report itself. */
export type PlanFormat = "table" | "json";

/**
 * What both ticks would decide now, on stdout; problems go to stderr. Needs the allowlist and the services, not
 * the kill switch. Exits 1 when something could not be read, as the ticks would.
 */
export async function runPlan(env: Env, format: PlanFormat): Promise<number> {
  const secrets = createSecrets();
  const parsed = await readConfig(env, "services");
  if (parsed.kind === "problems") {
    for (const { key, problem, mend } of parsed.problems) complain(`${key} ${problem}: ${mend}.`);
    return EXIT_CONFIG;
  }
  try {
    const report = await planFrom(parsed.config, secrets);
    process.stdout.write(secrets.redact(format === "json" ? asJson(report) : renderPlan(report)));
    return hasGaps(report) ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    complain(secrets.redact(`No plan: ${explainError(error)}`));
    return error instanceof ConfigRefused ? EXIT_CONFIG : EXIT_FAILED;
  }
}

/** Whether something could not be read, the agent server included: such a plan is not complete. */
export function hasGaps({ agentServer, unreadable }: PlanReport): boolean {
  return agentServer.kind === "unreadable" || unreadable.length > 0;
}

/** One reading of everything, decided and not performed. */
export async function planFrom(config: Config, secrets: Secrets): Promise<PlanReport> {
  const settings: PlanSettings = {
    gates: config.gates,
    notEnrolled: config.notEnrolled,
    poll: pollSettings(config),
    watch: watchSettings(config),
    notifiers: [],
  };
  if (config.repos.length === 0) return planNothing({ now: Date.now }, settings);
  const log = createLog({ level: config.logLevel, loop: "plan", secrets, to: "stderr" });
  const { deps, close } = await wire(config, { loop: "plan", log, secrets });
  // Handed on without writers, lease and doorbells: a plan cannot write even by mistake.
  const readers: ReadDeps = {
    tracker: { reader: deps.tracker.reader },
    agent: { reader: deps.agent.reader },
    ci: deps.ci,
    ...(deps.rollouts === undefined ? {} : { rollouts: deps.rollouts }),
    ...(deps.runCounter === undefined ? {} : { runCounter: deps.runCounter }),
    now: deps.now,
    sha256: deps.sha256,
  };
  try {
    const notifiers = deps.notifiers.map((notifier) => notifier.name);
    return await readPlan(readers, { ...settings, notifiers });
  } finally {
    await close();
  }
}

/** JSON leaves these as they are, and some terminals obey them. */
const CONTROL_ABOVE_ASCII = /[\u007f-\u009f]/g;

function asJson(report: PlanReport): string {
  const json = JSON.stringify(report, null, 2).replace(
    CONTROL_ABOVE_ASCII,
    (char) => `\\u00${char.charCodeAt(0).toString(16)}`,
  );
  return `${json}\n`;
}

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
