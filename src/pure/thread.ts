/** What T3 itself says of a thread's session; unknown words stay words and fail closed in the classifier. */
export type ThreadSession = {
  /** T3: idle, starting, running, ready, interrupted, stopped or error. */
  readonly status: string;
  readonly hasActiveTurn: boolean;
  readonly lastError: string | null;
  /** When T3 last set it, ISO 8601 by T3's clock; absent is taken as after every message. */
  readonly updatedAt?: string;
};

/** The newest turn as T3 tells it. Times are ISO 8601 by T3's clock. */
export type LatestTurn = {
  readonly id: string;
  /** T3: running, interrupted, completed or error. */
  readonly state: string;
  readonly requestedAt: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
};

/** A thread as the list of all threads shows it. */
export type ThreadSummary = {
  readonly id: string;
  /** The root folder of the thread's T3 project: it says which repo the thread works in. */
  readonly workspaceRoot: string;
  readonly presence: "active" | "archived" | "deleted";
  /** ISO 8601 by T3's clock. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly session: ThreadSession | null;
  readonly latestTurn: LatestTurn | null;
};

/** One message of a thread. */
export type ThreadMessage = {
  readonly id: string;
  readonly role: "user" | "assistant" | "system";
  readonly text: string;
  /** ISO 8601 by T3's clock. */
  readonly at: string;
};

/** Something the agent waits for a human to answer on the thread's page. */
export type PendingRequest = {
  readonly requestId: string;
  readonly kind: "approval" | "question";
  /** What it asks, in its own words: the agent's text, so data. */
  readonly text: string;
};

/** A thread with its messages and pending requests, messages oldest first. */
export type ThreadDetail = ThreadSummary & {
  readonly messages: readonly ThreadMessage[];
  readonly pending: readonly PendingRequest[];
  /** Total tokens processed so far as T3 reports them; null when it does not. */
  readonly processedTokens: number | null;
};

/** A T3 project. */
export type ProjectSummary = { readonly id: string; readonly workspaceRoot: string };

/** The agent server as one read shows it. Silence is a value: nothing is concluded from it. */
export type AgentSeen =
  | {
      readonly kind: "readable";
      /** Names the server in deep links. */
      readonly environmentId: string;
      readonly projects: readonly ProjectSummary[];
      readonly threads: readonly ThreadSummary[];
      /** Archived and deleted threads are left out: one that is not listed may be there all the same. */
      readonly isActiveOnly?: true;
      /** All of them would be a burden to the server: they are asked for only when they are sure to be needed. */
      readonly isWholeCostly?: true;
      /** What a person should know about the server or the token before it stops something. */
      readonly warnings?: readonly string[];
    }
  | { readonly kind: "unreadable"; readonly why: string };

/** One thread read in detail. `unknown`: the server answers and has no such thread. */
export type ThreadRead =
  | { readonly kind: "read"; readonly detail: ThreadDetail }
  | { readonly kind: "unknown" }
  | { readonly kind: "unreadable"; readonly why: string };
