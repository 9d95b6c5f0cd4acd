import { readFile } from "node:fs/promises";
import type { SecretSource } from "../pure/config-reading.ts";
import { ConfigRefused } from "./deps.ts";
import type { Secrets } from "./log.main.ts";

/**
 * Reads a secret anew, so that a rotated file is used at once, and makes sure that it is never told. A file that
 * cannot be read or is empty is a `ConfigRefused` that names the key, the errno and the mend; never the path.
 */
export async function readSecret(
  key: string,
  source: SecretSource,
  secrets: Secrets,
): Promise<string> {
  const value = source.kind === "value" ? source.value : await readSecretFile(key, source.path);
  secrets.add(value);
  return value;
}

async function readSecretFile(key: string, path: string): Promise<string> {
  const mend = `let ${key}_FILE name a file that holds the secret and that afk may read`;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    // Without the cause: its message has the path, and who mistook the key put the secret there.
    throw new ConfigRefused(`${key}_FILE names a file that cannot be read${code}: ${mend}`);
  }
  const value = text.trim();
  if (value === "") throw new ConfigRefused(`${key}_FILE names an empty file: ${mend}`);
  return value;
}
