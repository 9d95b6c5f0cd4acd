import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startFakeClaude } from "./fake-claude.ts";
import {
  exchangeNames,
  readExchange,
  readTimeline,
  type TimelineState,
  whySkipped,
} from "./recorded-exchanges.ts";
import { type Allowance, ReplayServer } from "./replay-server.ts";

const VERSIONS = ["0.0.27", "0.0.33"] as const;
type Version = (typeof VERSIONS)[number];

/** Everything recorded is replayed; what is not compared to the letter is here, with its reason. */
const ALLOWANCES: readonly Allowance[] = [
  {
    exchange: /./,
    difference: /^threads\[cc\d+\]\.(?:latestTurn|checkpoints|activities\[checkpoint\.captured\])/,
    because: "twenty turns at once: how many checkpoints were captured by then is a race",
  },
  {
    exchange: /^g-gzip$/,
    difference: /^threads\[(?:se1|ba1|arx)\]/,
    because: "recorded in another run than the snapshots before it, with other threads",
  },
];

const AT = "2026-11-20T00:00:00.000Z";
const MODEL = { instanceId: "claudeAgent", model: "claude-opus-4-8" };

/** A turn's worth of commands that were sent and not kept. */
function createThread(threadId: string, fields: Readonly<Record<string, unknown>> = {}) {
  return {
    type: "thread.create",
    commandId: `c-${threadId}`,
    threadId,
    projectId: "p1",
    title: threadId,
    modelSelection: MODEL,
    runtimeMode: "full-access",
    interactionMode: "default",
    branch: null,
    worktreePath: null,
    createdAt: AT,
    ...fields,
  };
}

function startTurn(threadId: string, text: string) {
  return {
    type: "thread.turn.start",
    commandId: `s-${threadId}`,
    threadId,
    message: { messageId: `m-${threadId}`, role: "user", text, attachments: [] },
    runtimeMode: "full-access",
    interactionMode: "default",
    createdAt: AT,
  };
}

async function expectReplayed(server: ReplayServer, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    expect({ name, differences: await server.replay(name) }).toEqual({ name, differences: [] });
  }
}

function shown({ turn, sess }: TimelineState): string {
  return `${turn?.state ?? null}/${sess?.status ?? null}`;
}

/** A server without the agent's program, which answered every kind of request that goes wrong. */
async function replayWithoutAgent(server: ReplayServer, version: Version): Promise<void> {
  await server.start({ version, agent: "absent", hasWebBuild: false });
  for (const name of exchangeNames(server.folder)) {
    await expectReplayed(server, name);
    // As the recording did: a failed start was seen before the next command was sent.
    if (/^(?:47|50|68b|68f)-/.test(name)) await sleep(400);
  }
}

/** The scenarios with an agent, in the order of the older timeline; the newer one lacks its start. */
async function replayScenarios(server: ReplayServer, version: Version): Promise<void> {
  await server.start({ version, agent: startFakeClaude, hasWebBuild: false });
  const states = new Map<string, TimelineState>();
  let name = "";
  for (const line of readTimeline(server.folder, "TIMELINE.txt")) {
    if (line.kind === "request") name = line.name;
    else states.set(name, line.state);
  }
  for (const line of readTimeline("v0.0.27-fake", "TIMELINE.txt")) {
    if (line.kind === "state") continue;
    await mapRequestId(server, line.name);
    await expectReplayed(server, line.name);
    const state = states.get(line.name);
    if (state !== undefined) {
      await server.untilShown(line.name.split("-")[0] ?? "", shown(state));
    }
  }
}

/** The recorded answer names the request that was open then. */
async function mapRequestId(server: ReplayServer, name: string): Promise<void> {
  if (!name.endsWith("-respond")) return;
  const threadId = name.split("-")[0] ?? "";
  const body = readExchange(server.folder, name).request.body as { readonly requestId: string };
  const open = server.t3.threads().find(({ id }) => id === threadId)?.pending[0];
  server.placeholders.ids.set(body.requestId, open?.requestId ?? "none");
}

/** How a turn shows that has said its first words and goes on. */
const RUNNING = { "0.0.27": "completed/running", "0.0.33": "running/running" } as const;

async function startRunning(server: ReplayServer, threadId: string, text: string): Promise<void> {
  await server.dispatch(createThread(threadId));
  await server.dispatch(startTurn(threadId, text));
}

async function replayInterrupts(server: ReplayServer, version: Version): Promise<void> {
  await startRunning(server, "int1", "FAKE:slow=30");
  await server.untilShown("int1", RUNNING[version]);
  await expectReplayed(server, "x-interrupt-no-turnid");
  await server.untilShown("int1", "completed/ready");
  await startRunning(server, "int2", "FAKE:slow=30");
  await server.untilShown("int2", RUNNING[version]);
  const { body } = readExchange(server.folder, "x-interrupt-with-turnid").request;
  const thread = server.t3.threads().find(({ id }) => id === "int2");
  const { turnId } = body as { readonly turnId: string };
  server.placeholders.ids.set(turnId, thread?.latestTurn?.turnId ?? "none");
  await expectReplayed(server, "x-interrupt-with-turnid");
  await server.untilShown("int2", "completed/ready");
}

async function replayFolders(server: ReplayServer, version: Version): Promise<void> {
  await expectReplayed(server, "x-project-nogit");
  await server.dispatch(createThread("ng1", { projectId: "plain" }));
  await server.dispatch(startTurn("ng1", "FAKE:ok"));
  await server.untilShown("ng1", version === "0.0.27" ? "null/ready" : "completed/ready");
  const worktree = { branch: "afk/wt1", worktreePath: "/srv/t3/ws/wt1" };
  await server.dispatch(createThread("wt1", worktree));
  await server.dispatch(startTurn("wt1", "FAKE:write=wt.txt"));
  await server.untilShown("wt1", "completed/ready");
  await expectReplayed(server, "x-worktree-snapshot");
  await server.dispatch(createThread("mc1", { worktreePath: "/srv/t3/x" }));
  await server.dispatch(startTurn("mc1", "FAKE:ok"));
  await server.untilShown("mc1", "null/stopped");
}

async function replayHidden(server: ReplayServer, version: Version): Promise<void> {
  await startRunning(server, "dr1", "FAKE:slow=20");
  await server.untilShown("dr1", RUNNING[version]);
  await expectReplayed(server, "x-delete-running");
  await startRunning(server, "arx", "FAKE:slow=4");
  await server.untilShown("arx", RUNNING[version]);
  await expectReplayed(server, "x-archive-running");
  // The agent ends unseen.
  await sleep(800);
  await expectReplayed(server, "x-unarchive", "x-stop-after-unarchive");
  await server.untilShown("arx", version === "0.0.27" ? "null/stopped" : "interrupted/stopped");
}

async function replayQuestion(server: ReplayServer, version: Version): Promise<void> {
  await startRunning(server, "ba1", "FAKE:ask");
  await server.untilShown("ba1", RUNNING[version]);
  await expectReplayed(
    server,
    "x-respond-wrong-request",
    "x-respond-wrong-request-thread",
    "x-followup-while-question-pending",
  );
  await server.untilShown("ba1", "running/running");
}

async function replayCrowd(server: ReplayServer): Promise<void> {
  const crowd = Array.from({ length: 20 }, (_, index) => `cc${index}`);
  await Promise.all(crowd.map((threadId) => server.dispatch(createThread(threadId))));
  await Promise.all(crowd.map((id) => server.dispatch(startTurn(id, "FAKE:slow=5"))));
  await Promise.all(crowd.map((threadId) => server.untilShown(threadId, "completed/ready")));
  await Promise.all(crowd.slice(0, 5).map(() => server.dispatch(createThread("dupt"))));
}

/** A restart is the sandbox's own lever: what it loses is what a process loses that is killed. */
async function replayRestarts(server: ReplayServer, version: Version): Promise<void> {
  const afterRestart = version === "0.0.27" ? RUNNING[version] : "error/error";
  await startRunning(server, "rs1", "FAKE:slow=60");
  await server.untilShown("rs1", RUNNING[version]);
  await server.t3.restart({ lose: "turns" });
  await server.untilShown("rs1", afterRestart);
  await expectReplayed(server, "x-restart-redispatch-same-command");
  await server.untilShown("rs1", afterRestart);
  await expectReplayed(server, "x-restart-redispatch-new-command");
  await server.untilSaid("rs1", "Hello from fake claude.");
  await server.untilShown("rs1", "completed/ready");
  await startRunning(server, "ca1", "FAKE:ok");
  await server.t3.restart({ lose: "turns" });
  await server.untilShown("ca1", "null/null");
  const again = ["x-crash-after-ack-same-command", "x-crash-after-ack-snapshot"];
  await expectReplayed(server, ...again);
  await server.untilShown("ca1", "null/null");
  await expectReplayed(server, "x-crash-after-ack-new-command");
  await server.untilShown("ca1", "completed/ready");
  await startRunning(server, "gr1", "FAKE:slow=60");
  await server.untilShown("gr1", RUNNING[version]);
  await server.t3.restart({ lose: "turns" });
  await server.untilShown("gr1", afterRestart);
}

async function replayScopes(server: ReplayServer): Promise<void> {
  const { placeholders } = server;
  const admin = placeholders.token;
  const pair = async (scopes: readonly string[]) => {
    const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
    const body = JSON.stringify({ label: "twin", scopes });
    const path = `${server.t3.url}/api/auth/pairing-token`;
    const response = await fetch(path, { method: "POST", headers, body });
    placeholders.oneTime = ((await response.json()) as { credential: string }).credential;
  };
  await expectReplayed(server, "y-auth-session", "y-pairing-token-readonly");
  // The recorded answers hide their codes and tokens, so a twin of each is made for what follows.
  await pair(["orchestration:read"]);
  await expectReplayed(server, "y-oauth-token-readonly");
  await expectReplayed(server, "y-oauth-token-reuse");
  placeholders.token = server.t3.issueToken(["orchestration:read"]);
  await expectReplayed(server, "y-readonly-snapshot", "y-readonly-dispatch-403");
  await expectReplayed(server, "y-readonly-dispatch-malformed");
  await expectReplayed(server, "y-oauth-token-badscope", "y-oauth-token-badcred");
  placeholders.token = admin;
  await expectReplayed(server, "y-pairing-token-operate");
  await pair(["orchestration:read", "orchestration:operate"]);
  await expectReplayed(server, "y-oauth-token-operate");
  const operate = server.t3.issueToken(["orchestration:read", "orchestration:operate"]);
  placeholders.token = operate;
  await expectReplayed(server, "y-operate-clients-403", "y-operate-dispatch");
  placeholders.token = admin;
  await expectReplayed(server, "y-clients");
  const { body } = readExchange(server.folder, "y-clients-revoke").request;
  const headers = { authorization: `Bearer ${admin}` };
  const clients = await fetch(`${server.t3.url}/api/auth/clients`, { headers });
  const sessions = (await clients.json()) as readonly { readonly sessionId: string }[];
  const { sessionId } = body as { readonly sessionId: string };
  placeholders.ids.set(sessionId, sessions.at(-1)?.sessionId ?? "none");
  await expectReplayed(server, "y-clients-revoke");
  placeholders.token = operate;
  await expectReplayed(server, "y-revoked-token-snapshot");
  placeholders.token = admin;
}

async function replaySizes(server: ReplayServer, version: Version): Promise<void> {
  const tooLong = version === "0.0.27" ? "null/ready" : "completed/error";
  await server.dispatch(createThread("sz1"));
  await expectReplayed(server, "z-prompt-119999");
  await server.untilShown("sz1", "completed/ready");
  for (const characters of [120_001, 900_000, 1_100_000, 5_000_000, 12_000_000]) {
    await expectReplayed(server, `z-prompt-${characters}`);
    await server.untilShown("sz1", tooLong);
  }
  await expectReplayed(server, "z-thread-sz1-turnlimit", "z-thread-bad-turnlimit", "g-gzip");
}

/** The second half of the recordings with an agent: a server of its own, with a web build. */
async function replayExtra(server: ReplayServer, version: Version): Promise<void> {
  await server.start({ version, agent: startFakeClaude, interruptedEnd: "completed" });
  const project = readExchange(server.folder, "00-project").request.body;
  await server.dispatch(project as Readonly<Record<string, unknown>>);
  await replayInterrupts(server, version);
  await replayFolders(server, version);
  await replayHidden(server, version);
  await replayQuestion(server, version);
  await replayCrowd(server);
  await replayRestarts(server, version);
  await replayScopes(server);
  await replaySizes(server, version);
}

const REPLAY_MS_MAX = 90_000;

describe.skipIf(whySkipped !== null)("the sandbox's T3 answers every recorded request of", () => {
  it.each(VERSIONS)("v%s-nocli", { timeout: REPLAY_MS_MAX }, async (version) => {
    await using server = new ReplayServer(`v${version}-nocli`, ALLOWANCES);
    await replayWithoutAgent(server, version);
    expect(server.replayed.toSorted()).toEqual(exchangeNames(server.folder));
  });

  it.each(VERSIONS)("v%s-fake", { timeout: REPLAY_MS_MAX }, async (version) => {
    await using server = new ReplayServer(`v${version}-fake`, ALLOWANCES);
    await replayScenarios(server, version);
    await replayExtra(server, version);
    expect(server.replayed.toSorted()).toEqual(exchangeNames(server.folder));
  });
});
