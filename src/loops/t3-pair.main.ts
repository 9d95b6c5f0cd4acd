import { exchangePairingCode } from "../adapters/agent/t3-pair.ts";
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { type ConfigProblem, readRule, urlRule } from "../pure/config-reading.ts";
import { openServiceClient } from "./service-client.main.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Exchanges a pairing code for an access token. The token is printed once, alone on stdout, and stored
 * nowhere; what is said about it goes to stderr. Needs T3_BASE_URL only.
 */
export async function runT3Pair(env: Env, code: string): Promise<number> {
  const problems: ConfigProblem[] = [];
  const baseUrl = readRule({ env, problems }, "T3_BASE_URL", urlRule);
  if (baseUrl === null) {
    const [problem] = problems;
    complain(
      problem === undefined
        ? "T3_BASE_URL is not set: set it to the address of the T3 server."
        : `${problem.key} ${problem.problem}: ${problem.mend}.`,
    );
    return EXIT_CONFIG;
  }
  const client = openServiceClient();
  try {
    const connection = { fetch: client.fetch, baseUrl: new URL(baseUrl) };
    const paired = await exchangePairingCode(connection, code.trim());
    if (paired.kind === "refused") {
      complain(`No token: ${paired.why}`);
      return EXIT_FAILED;
    }
    const days = Math.floor(paired.expiresInSeconds / SECONDS_A_DAY);
    complain(`The token may ${paired.scopes.join(", ")} and expires in ${days} days.`);
    complain("It is not stored anywhere: put it in T3_TOKEN, or in the file T3_TOKEN_FILE names.");
    process.stdout.write(`${paired.token}\n`);
    return EXIT_OK;
  } finally {
    await client.close();
  }
}

const SECONDS_A_DAY = 86_400;

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
