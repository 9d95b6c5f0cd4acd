import { setTimeout as sleep } from "node:timers/promises";
import { createT3Agent } from "../adapters/agent/t3.ts";
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "../exit-codes.ts";
import { parseRepo } from "../pure/config-env.ts";
import {
  type ConfigProblem,
  pathRule,
  readRule,
  readSecret as readSecretSource,
  urlRule,
} from "../pure/config-reading.ts";
import { issueKey, type IssueRef } from "../pure/issue.ts";
import { ConfigRefused } from "./deps.ts";
import { createSecrets } from "./log.main.ts";
import { readSecret } from "./read-secret.main.ts";
import { openServiceClient } from "./service-client.main.ts";
import { type StopReport, type StopScope, stopTurns } from "./stop.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Nothing is started here: no turn ever gets it. */
const NO_MODEL = { instanceId: "claudeAgent", model: "none" };

const ISSUE = /^(.+)#([1-9]\d{0,9})$/;

/**
 * Stops every live turn of ours, or those of one issue, whatever the kill switch says; it needs T3 and nothing else
 * to be up. Says on stdout how many it stopped and how long that took. Exits 1 when one may be running still.
 */
export async function runStop(env: Env, issue: string | null): Promise<number> {
  const scope: StopScope | null = issue === null ? { kind: "all" } : scopeOf(issue);
  if (scope === null) {
    complain(`${issue} is not an issue: write owner/name#7, or --all.`);
    return EXIT_USAGE;
  }
  const problems: ConfigProblem[] = [];
  const reading = { env, problems };
  const baseUrl = readRule(reading, "T3_BASE_URL", urlRule);
  const token = readSecretSource(reading, "T3_TOKEN");
  const workspacesRoot = readRule(reading, "T3_WORKSPACE_ROOT", pathRule) ?? "/data";
  if (baseUrl === null || token === null || problems.length > 0) {
    for (const { key, problem, mend } of problems) complain(`${key} ${problem}: ${mend}.`);
    if (problems.length === 0) complain("T3_BASE_URL and T3_TOKEN or T3_TOKEN_FILE must be set.");
    return EXIT_CONFIG;
  }
  const secrets = createSecrets();
  const readToken = () => readSecret("T3_TOKEN", token, secrets);
  const client = openServiceClient();
  try {
    // At once: later it would look like a server that cannot be read.
    await readToken();
    const agent = createT3Agent({
      fetch: client.fetch,
      baseUrl: new URL(baseUrl),
      readToken,
      now: () => new Date(),
      model: NO_MODEL,
      runtimeMode: "full-access",
    });
    const report = await stopTurns(
      {
        reader: agent,
        writer: agent,
        now: Date.now,
        sleep: async (ms) => {
          await sleep(ms);
        },
        workspacesRoot,
      },
      scope,
    );
    process.stdout.write(secrets.redact(renderStop(report, scope)));
    return isAllStopped(report) ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    if (!(error instanceof ConfigRefused)) throw error;
    complain(`${error.message}.`);
    return EXIT_CONFIG;
  } finally {
    await client.close();
  }
}

function scopeOf(text: string): StopScope | null {
  const [, repo = "", number = ""] = ISSUE.exec(text) ?? [];
  const ref = parseRepo(repo);
  if (ref === null) return null;
  const issue: IssueRef = { repo: ref, number: Number(number) };
  return { kind: "issue", ref: issue };
}

function isAllStopped(report: StopReport): boolean {
  return report.kind === "stopped" && report.stillLive.length === 0;
}

function renderStop(report: StopReport, scope: StopScope): string {
  if (report.kind === "unreadable") return `Not known to be stopped: ${report.why}\n`;
  const { threads, issues, stillLive, failures, ms } = report;
  if (threads.length === 0 && scope.kind === "issue") {
    return `No live turn of ${issueKey(scope.ref)}. ${othersWords(report.othersLive)}\n`;
  }
  const seconds = (ms / 1000).toFixed(1);
  const stopped = threads.filter((id) => !stillLive.includes(id));
  const turns = stopped.length === 1 ? "1 live turn" : `${stopped.length} live turns`;
  const named = (id: string): string => `${id}  ${issues.get(id) ?? ""}`.trimEnd();
  const lines = [
    `Stopped ${turns} in ${seconds} s.`,
    ...stopped.map((id) => `  stopped     ${named(id)}`),
    ...stillLive.map((id) => `  still live  ${named(id)}`),
    ...failures.map((failure) => `  ${failure}`),
  ];
  if (stillLive.length > 0) lines.push("Some would not stop: restart T3, or stop its agents.");
  return `${lines.join("\n")}\n`;
}

function othersWords(othersLive: number): string {
  if (othersLive === 0) return "No other issue has one either.";
  return othersLive === 1
    ? "Other issues have 1 live turn."
    : `Other issues have ${othersLive} live turns.`;
}

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
