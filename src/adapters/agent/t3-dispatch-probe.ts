import { type Finding, failed, ok } from "./t3-doctor.ts";
import { dispatchCommand } from "./t3-http.ts";
import { readThread } from "./t3-read-thread.ts";
import type { Reading } from "./t3-reading.ts";

/** Where the probe's project is, and what its thread would run. No turn is ever asked for. */
export type ProbeOptions = {
  /** Absolute path on the agent server; the probe's folder is made below it, and stays, empty. */
  readonly workspacesRoot: string;
  readonly model: { readonly instanceId: string; readonly model: string };
};

/**
 * Makes a throw-away thread in a throw-away project and deletes both again, whatever fails on the way. Its
 * ids are new each time and are no run's, so that no tick ever looks at them.
 */
export async function probeDispatch(
  reading: Reading,
  options: ProbeOptions,
): Promise<readonly Finding[]> {
  const name = `afk-doctor-${reading.now().getTime().toString(36)}`;
  const createdAt = reading.now().toISOString();
  const project = { projectId: name, commandId: `${name}/project` };
  const thread = { threadId: name, commandId: `${name}/thread` };
  const send = (check: string, command: ProbeCommand) => sendProbe(reading, check, command);
  const { runtimeMode } = reading;
  return [
    await send("create a project", {
      type: "project.create",
      ...project,
      title: "afk doctor",
      // One folder a probe: T3 takes one project a folder, and a probe that died may have left one.
      workspaceRoot: `${options.workspacesRoot}/${name}`,
      createWorkspaceRootIfMissing: true,
      createdAt,
    }),
    await send("create a thread", {
      type: "thread.create",
      ...thread,
      projectId: name,
      title: "afk doctor",
      modelSelection: options.model,
      runtimeMode,
      interactionMode: "default",
      branch: null,
      worktreePath: null,
      createdAt,
    }),
    await judgePresence(reading, name, "active"),
    await send("delete the thread", {
      type: "thread.delete",
      ...thread,
      commandId: `${name}/delete-thread`,
    }),
    await judgePresence(reading, name, "deleted"),
    await send("delete the project", {
      type: "project.delete",
      ...project,
      commandId: `${name}/delete-project`,
      // Without it T3 keeps a project whose thread is there, as after a deletion that failed; with it both go.
      force: true,
    }),
  ];
}

type ProbeCommand = { readonly type: string; readonly [field: string]: unknown };

async function sendProbe(
  { connection }: Reading,
  check: string,
  command: ProbeCommand,
): Promise<Finding> {
  try {
    const ack = await dispatchCommand(connection, command);
    return ack.kind === "accepted" ? ok(check, "accepted") : failed(check, ack.why);
  } catch (error) {
    return failed(check, error instanceof Error ? error.message : String(error));
  }
}

async function judgePresence(
  reading: Reading,
  threadId: string,
  presence: "active" | "deleted",
): Promise<Finding> {
  const read = await readThread(reading, threadId);
  const check = `read the ${presence} thread`;
  if (read.kind === "unreadable") return failed(check, read.why);
  if (read.kind === "unknown") return failed(check, "T3 does not show it");
  const seen = read.detail.presence;
  return seen === presence ? ok(check, presence) : failed(check, `T3 shows it as ${seen}`);
}
