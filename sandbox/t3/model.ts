import type { ChangedFile } from "./agent/script.ts";

/** The rows of the orchestration read model, in the words of the wire. Times are ISO 8601. */

export type ModelSelection = {
  readonly instanceId: string;
  readonly model: string;
  readonly options?: readonly { readonly id: string; readonly value: string | boolean }[];
};

const PROVIDER_INSTANCES = ["codex", "claudeAgent", "cursor", "grok", "opencode"];

/** Whether the server has such a provider; a thread is created with any name for one. */
export function isProviderInstance(instanceId: string): boolean {
  return PROVIDER_INSTANCES.includes(instanceId);
}

export type ProjectRow = {
  readonly id: string;
  readonly title: string;
  readonly workspaceRoot: string;
  readonly defaultModelSelection: ModelSelection | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deletedAt: string | null;
};

export type TurnRow = {
  readonly turnId: string;
  readonly state: "running" | "interrupted" | "completed" | "error";
  readonly requestedAt: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly assistantMessageId: string | null;
};

export type SessionRow = {
  readonly status: "starting" | "running" | "ready" | "stopped" | "error";
  readonly activeTurnId: string | null;
  readonly lastError: string | null;
  readonly updatedAt: string;
};

export type MessageRow = {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly text: string;
  readonly turnId: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export type ActivityRow = {
  readonly id: string;
  readonly tone: "info" | "approval" | "error";
  readonly kind: string;
  readonly summary: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly turnId: string | null;
  readonly createdAt: string;
};

/** What a turn left behind in git. */
export type CheckpointRow = {
  readonly turnId: string;
  readonly checkpointTurnCount: number;
  readonly checkpointRef: string;
  readonly status: "ready" | "error";
  readonly files: readonly ChangedFile[];
  readonly assistantMessageId: string | null;
  readonly completedAt: string;
};

export type ThreadRow = {
  readonly id: string;
  readonly projectId: string;
  readonly title: string;
  readonly modelSelection: ModelSelection;
  readonly runtimeMode: string;
  readonly interactionMode: string;
  readonly branch: string | null;
  readonly worktreePath: string | null;
  readonly latestTurn: TurnRow | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly archivedAt: string | null;
  readonly deletedAt: string | null;
  readonly settledOverride: "settled" | null;
  readonly settledAt: string | null;
  readonly session: SessionRow | null;
  readonly messages: readonly MessageRow[];
  readonly activities: readonly ActivityRow[];
  readonly checkpoints: readonly CheckpointRow[];
};

/** A request that waits for a human, as the activities tell it. */
export type PendingRow = {
  readonly requestId: string;
  readonly kind: "approval" | "question";
  readonly text: string;
};

/** What a thread still asks: every request that nothing has resolved, oldest first. */
export function pendingOf(thread: ThreadRow): readonly PendingRow[] {
  const pending = new Map<string, PendingRow>();
  for (const { kind, payload } of thread.activities) {
    const requestId = String(payload["requestId"]);
    if (kind === "approval.requested") {
      pending.set(requestId, { requestId, kind: "approval", text: String(payload["detail"]) });
    }
    if (kind === "user-input.requested") {
      pending.set(requestId, { requestId, kind: "question", text: firstQuestion(payload) });
    }
    if (kind === "approval.resolved" || kind === "user-input.resolved") pending.delete(requestId);
  }
  return [...pending.values()];
}

function firstQuestion(payload: Readonly<Record<string, unknown>>): string {
  const questions = payload["questions"] as readonly { readonly question: string }[];
  return questions[0]?.question ?? "";
}
