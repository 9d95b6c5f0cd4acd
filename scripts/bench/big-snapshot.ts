/** As large as the snapshot of a server that was in use for some weeks. */
export const SNAPSHOT_BYTES = 12 * 1024 * 1024;

/** Of a server whose snapshot holds every conversation. */
export const OLD_T3_ENVIRONMENT = JSON.stringify({
  environmentId: "bench",
  serverVersion: "0.0.28",
});

const OURS = 50;
/** Prompts and answers are some kilobytes each, and a thread has a few dozen of them. */
const LINES_PER_MESSAGE = 40;
const MESSAGES_PER_THREAD = 20;
const AT = "2026-11-20T15:00:00.000Z";
const PROJECT = { id: "p1", workspaceRoot: "/data/acme__repo-1", deletedAt: null };

/** The whole snapshot of an old server: fifty threads of ours, and people's. The same every time. */
export function bigSnapshot(): string {
  const threads: string[] = [];
  let bytes = 0;
  for (let at = 0; bytes < SNAPSHOT_BYTES; at += 1) {
    const id = at < OURS ? `afk-${String(at).padStart(12, "0")}-${at + 1}-0` : `thread-${at}`;
    const text = JSON.stringify(threadOf(id));
    threads.push(text);
    bytes += text.length;
  }
  return `{"projects":${JSON.stringify([PROJECT])},"threads":[${threads.join(",")}]}`;
}

function threadOf(id: string) {
  const line = 'A line of code with "quotes" and a \\ in it.\n';
  const text = line.repeat(LINES_PER_MESSAGE);
  return {
    id,
    projectId: PROJECT.id,
    latestTurn: null,
    session: null,
    createdAt: AT,
    updatedAt: AT,
    archivedAt: AT,
    deletedAt: null,
    messages: Array.from({ length: MESSAGES_PER_THREAD }, (_, at) => ({
      id: `${id}-${at}`,
      role: at % 2 === 0 ? "user" : "assistant",
      text,
      createdAt: AT,
    })),
    activities: [],
    checkpoints: [],
  };
}
