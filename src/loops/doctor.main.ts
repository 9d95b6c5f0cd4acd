import { type Finding, examineT3 } from "../adapters/agent/t3-doctor.ts";
import { probeDispatch } from "../adapters/agent/t3-dispatch-probe.ts";
import { openReading } from "../adapters/agent/t3.ts";
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import type { ConfigProblem } from "../pure/config-reading.ts";
import { readAgent } from "../pure/config-services.ts";
import { createSecrets } from "./log.main.ts";
import { ConfigRefused } from "./deps.ts";
import { readSecret } from "./read-secret.main.ts";
import { openServiceClient } from "./service-client.main.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Of a probe without T3_MODEL: no turn is asked for, so nothing ever runs. */
const NO_MODEL = "none";

/**
 * Looks at one service and says on stdout what it found. Needs the address and the token of T3 and nothing
 * else, no gate either. Exits 1 when afk could not work with it.
 */
export async function runDoctor(
  env: Env,
  options: { readonly isDispatchProbed: boolean },
): Promise<number> {
  const problems: ConfigProblem[] = [];
  const agent = readAgent({ env: { ...env, T3_MODEL: env["T3_MODEL"] || NO_MODEL }, problems });
  if (agent === null || problems.length > 0) {
    for (const { key, problem, mend } of problems) complain(`${key} ${problem}: ${mend}.`);
    if (problems.length === 0) complain("T3_BASE_URL and T3_TOKEN or T3_TOKEN_FILE must be set.");
    return EXIT_CONFIG;
  }
  const secrets = createSecrets();
  const readToken = () => readSecret("T3_TOKEN", agent.token, secrets);
  const client = openServiceClient();
  try {
    // At once: later it would be one finding among those of the server.
    await readToken();
    const t3 = openReading({
      fetch: client.fetch,
      baseUrl: new URL(agent.baseUrl),
      readToken,
      now: () => new Date(),
      runtimeMode: agent.runtimeMode,
    });
    const findings = [...(await examineT3(t3))];
    if (options.isDispatchProbed && !findings.some(({ state }) => state === "failed")) {
      const model = { instanceId: agent.instance, model: agent.model };
      const probe = { workspacesRoot: agent.workspaceRoot, model };
      findings.push(...(await probeDispatch(t3, probe)));
    }
    process.stdout.write(secrets.redact(renderFindings(findings)));
    return findings.some(({ state }) => state === "failed") ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    if (!(error instanceof ConfigRefused)) throw error;
    complain(`${error.message}.`);
    return EXIT_CONFIG;
  } finally {
    await client.close();
  }
}

/** One line a finding: state, check, and what was found. */
function renderFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(
    ({ check, state, told }) => `${state.padEnd(7)}  ${check.padEnd(width)}  ${oneLine(told)}\n`,
  );
  return lines.join("");
}

/** What a server says may hold line breaks and worse, and some terminals obey them. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
