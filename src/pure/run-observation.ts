import type { MachineAccounts } from "./approval.ts";
import type { Check, CiVerdict } from "./ci-fold.ts";
import type { StageSeen } from "./ci-stages.ts";
import type { ClosedBy, IssueSeen } from "./issue.ts";
import type { Limits, RepoPolicy } from "./limits.ts";
import type { LabelNames } from "./ports/tracker.ts";
import type { BranchRewrite } from "./push-head.ts";
import type { RunRecord } from "./run-record.ts";
import type { TurnState } from "./thread-state.ts";

/** The run's newest thread and its newest turn, as read at this tick. */
export type RunThreadSeen =
  /** No answer, or one that was not understood: nothing is concluded from it. */
  | { readonly kind: "silent"; readonly why: string }
  /** The server answers and has no such thread any more. */
  | { readonly kind: "gone" }
  | {
      readonly kind: "seen";
      readonly isArchived: boolean;
      /** Whether an agent may be working in it, whatever turn it works on. */
      readonly isLive: boolean;
      readonly turn: TurnState;
      /** Null when the server does not report it. */
      readonly processedTokens: number | null;
    };

/** A commit of the run on the default branch, oldest first in lists. */
export type RunCommit = {
  readonly sha: string;
  readonly phases: readonly ("tests-red" | "green")[];
  readonly parent: string | null;
  /** The head of the push that brought it; absent while that is not known. */
  readonly pushHead?: string;
};

/** What became of the run's commits. */
export type RunCommitsSeen =
  | {
      readonly kind: "readable";
      readonly ours: readonly RunCommit[];
      /** Recorded commits that are no longer on the default branch. */
      readonly vanished: readonly string[];
      /** Present when the history was rewritten: what the run began on, or a commit of it, is gone. */
      readonly rewrite?: BranchRewrite;
    }
  | { readonly kind: "unreadable"; readonly why: string };

/** What CI says of the run's newest commit, or of the descendant that answers for it. */
export type RunCiSeen =
  | { readonly kind: "not-asked" }
  | { readonly kind: "unreadable"; readonly why: string }
  | {
      readonly kind: "judged";
      readonly sha: string;
      /** Whether the judged commit is the run's own head rather than a descendant. */
      readonly isOwnHead: boolean;
      readonly verdict: CiVerdict;
      /** Checks red on the parent of the run's first commit; null where that was not asked or not readable. */
      readonly redOnBase: readonly string[] | null;
      /** The stages that were looked at, in order; the verdict is that of the first that is not green. */
      readonly stages?: readonly StageSeen[];
      /** What a person must know who wonders about the verdict. */
      readonly note?: string;
    };

/** Everything one decision about one run is made from, besides its record. */
export type RunSeen = {
  /** Epoch ms. */
  readonly now: number;
  readonly issue: IssueSeen;
  /** A newer run of the same issue has begun. */
  readonly isSuperseded: boolean;
  /** The hash of title and body as they stand now. */
  readonly textHash: string;
  readonly thread: RunThreadSeen;
  /**
   * The agent server answers, and shows nothing of the newest turn having been asked for: no message of it, or
   * no thread where it was to open one. Its request was lost, or is still on its way.
   */
  readonly isAskMissing: boolean;
  readonly commits: RunCommitsSeen;
  readonly ci: RunCiSeen;
  /** Other threads of ours in the repo that are live or may yet start: no turn is asked for beside them. */
  readonly otherLive: readonly string[];
};

/** What the configuration says about watching. */
export type WatchPolicy = {
  readonly labels: LabelNames;
  readonly limits: Limits;
  readonly machines: MachineAccounts;
  readonly repo: RepoPolicy;
  /** The names of the configured doorbells. */
  readonly notifiers: readonly string[];
  readonly model: string;
};

/** What a waiting run waits on. */
export type WaitOn =
  | "paused"
  | "agent-server"
  | "human-answer"
  | "agent-start"
  | "agent"
  | "repo-locked"
  | "taken-over"
  | "commits"
  | "base-red"
  | "ci";

/** Which commands stop or revive a thread; each is one remote request. */
export type ThreadVerb = "interrupt" | "stop-session" | "unarchive";

/** A turn to ask for, complete but for what is read for its prompt. */
export type TurnAsk = {
  readonly threadId: string;
  /** The thread does not exist yet. */
  readonly isNewThread: boolean;
  readonly prompt:
    | { readonly kind: "first" }
    | {
        readonly kind: "corrective";
        readonly sha: string;
        readonly failing: readonly Check[];
        readonly attempt: number;
      }
    | { readonly kind: "nudge"; readonly missing: "commit" | "outcome" | "both" }
    | { readonly kind: "restart"; readonly because: "paused" | "lost" };
};

/** One act on one run. Every act whose count matters is in the decision's record, which is written first. */
export type RunAct =
  | { readonly kind: "lock"; readonly remove: readonly string[]; readonly add: string }
  | {
      readonly kind: "command-thread";
      readonly threadId: string;
      readonly verbs: readonly ThreadVerb[];
    }
  | { readonly kind: "ask-turn"; readonly ask: TurnAsk }
  /** `bells`: the doorbells not yet rung nor given up, by notifier name. */
  | {
      readonly kind: "ring-question";
      readonly requestId: string;
      readonly text: string;
      readonly bells: readonly string[];
    }
  | { readonly kind: "ring-silence"; readonly why: string; readonly bells: readonly string[] };

/** The row of the decision table that matched. */
export type Row = `T${number}`;

/**
 * The decision about one run. Its record is what must stand in the progress comment before anything is
 * performed; `finish` performs the missing steps of a verdict.
 */
export type RunDecision = { readonly row: Row; readonly record: RunRecord } & (
  | { readonly kind: "wait"; readonly on: WaitOn }
  | { readonly kind: "act"; readonly act: RunAct }
  | { readonly kind: "conclude" }
  | { readonly kind: "finish"; readonly plan: FinishPlan }
);

/** The missing steps of a verdict. The lock label goes last, when every bell is settled. */
export type FinishPlan = {
  readonly steps: readonly FinishStep[];
  /** Doorbells not yet rung nor given up, by notifier name. */
  readonly bells: readonly string[];
  /** Whether the in-progress label is still on. */
  readonly isLabelled: boolean;
};

export type FinishStep =
  | {
      readonly kind: "post-notice";
      readonly mayStillRun: boolean;
      /** What had closed the issue, where a step of the same plan reopens it. */
      readonly reopenedAfter?: ClosedBy;
    }
  | { readonly kind: "close-issue" }
  | { readonly kind: "reopen-issue" }
  | { readonly kind: "add-label"; readonly label: string }
  | { readonly kind: "remove-label"; readonly label: string };
