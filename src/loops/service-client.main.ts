import { createBoundedFetch } from "../adapters/http.ts";

/** A person waits in front of these commands, and a server that needs longer is not well. */
const TIMEOUT_MS = 15_000;
/** What a snapshot may have that is not streamed; all other answers are a few kilobytes. */
const BODY_BYTES_MAX = 24 * 1024 * 1024;
const CONNECTIONS_MAX = 4;

/** The HTTP client of a command that talks to one service. */
export function openServiceClient(): ReturnType<typeof createBoundedFetch> {
  return createBoundedFetch({
    timeoutMs: TIMEOUT_MS,
    bodyBytesMax: BODY_BYTES_MAX,
    connectionsMax: CONNECTIONS_MAX,
  });
}
