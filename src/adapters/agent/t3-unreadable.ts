import * as z from "zod";
import type { Unreadable } from "./t3-http.ts";
import type { ThreadWire } from "./t3-wire.ts";

/** An answer of another shape than known. */
export function notUnderstood(what: string, error: z.ZodError): Unreadable {
  return {
    kind: "unreadable",
    why: `T3's answer is not understood at ${what}: ${z.prettifyError(error)}`,
  };
}

/** A thread without a folder: nothing says which repo it works in. */
export function withoutProject(thread: ThreadWire): Unreadable {
  const why = `T3 lists thread ${thread.id} in project ${thread.projectId} but not that project`;
  return { kind: "unreadable", why };
}
