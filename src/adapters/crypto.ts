import type * as nodeCrypto from "node:crypto";

/** Node's crypto, loaded by who asks first: a tick that finds nothing needs none of it, and it is slow to load. */
export function crypto(): typeof nodeCrypto {
  return process.getBuiltinModule("node:crypto");
}

/** SHA-256 of the text in UTF-8, in hexadecimal. */
export function sha256(text: string): string {
  return crypto().hash("sha256", text);
}

/**
 * A name that no process of any machine has or had: by its id, its own clock in nanoseconds and chance. No secret, so
 * that chance need not be the cryptographer's.
 */
export function uniqueToken(): string {
  return `${process.pid}-${process.hrtime.bigint()}-${Math.random().toString(36).slice(2)}`;
}
