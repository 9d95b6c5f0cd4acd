import { parseMessageId } from "../../src/pure/identity.ts";
import type { IssueRef } from "../../src/pure/issue.ts";
import type { TurnKind } from "../../src/pure/verdict.ts";
import { LABELS, MARIA, MINUTE, RED_LOG, type World, type WorldOptions } from "./world.ts";

/** A whole story: how it begins, what the world does between ticks, and how it must end. */
export type Story = {
  readonly name: string;
  readonly options?: WorldOptions;
  /** Sets the world up and answers what agents, CI and people do in each minute that follows. */
  readonly begin: (world: World) => () => void;
  /** Per issue: state, labels, verdict of each run, the turns of the newest. */
  readonly ends: readonly string[];
  /** Another right end after a fault, where it is not time alone that a fault may change. */
  readonly alsoEnds?: readonly string[];
  /** What the ticks report as failed although no tick broke. */
  readonly errors?: readonly string[];
  /** Its runs end without a notice: their tracker is not touched any more. */
  readonly isUntold?: true;
  /** For a story without a run: whether it is over. */
  readonly isOver?: (world: World) => boolean;
};

/** One turn as its agent knows it: only by the prompt. */
type TurnAtHand = {
  readonly ref: IssueRef;
  readonly kind: TurnKind;
  readonly prompt: string;
};

type Script = (world: World, turn: TurnAtHand) => void;

/** A minute of all agents and CI: what ran ends by the script, what waits to start begins. */
function workOn(world: World, script: Script): void {
  world.ciEnds();
  for (const ref of world.issues) {
    for (const id of world.threadsOf(ref)) {
      const thread = world.agent.see(id);
      if (thread.presence !== "active" || thread.pending.length > 0) continue;
      const asked = thread.messages.findLast(({ role }) => role === "user");
      const status = thread.session?.status;
      if (status === "starting") world.agent.startTurns(id);
      if (status !== "running" || asked === undefined) continue;
      const kind = parseMessageId(asked.id)?.kind ?? "answer";
      script(world, { ref, kind, prompt: asked.text });
    }
  }
}

/** Lands at first or when told to go on, and mends what is red only if it is shown what is red. */
function landing(first: "later-green" | "later-red", mended: "later-green" | "later-red"): Script {
  return (world, { ref, kind, prompt }) => {
    if (kind === "first" || kind === "restart") world.agentLands(ref, { ci: first });
    else if (prompt.includes(RED_LOG)) world.agentLands(ref, { ci: mended });
    else world.agentSays(ref, "I see nothing to do.");
  };
}

const lands = landing("later-green", "later-green");
const neverMends = landing("later-red", "later-red");

function blocked(world: World, { ref }: TurnAtHand): void {
  world.agentSays(ref, "I looked.\n\nAFK-Outcome: blocked the key is missing");
}

/** Nobody's agent ends a turn: it works until it is stopped. */
function works(): void {}

/** Does something once, as soon as it may. */
function once(isTime: () => boolean, act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone || !isTime()) return;
    isDone = true;
    act();
  };
}

function isWorking(world: World, ref: IssueRef): boolean {
  const isLocked = world.labels(ref).includes(LABELS.inProgress);
  return isLocked && world.thread(ref).session?.status === "running";
}

/** A person acts once while the agent works on the first issue. */
function meanwhile(act: (world: World, ref: IssueRef) => void, script: Script): Story["begin"] {
  return (world) => {
    const ref = world.readyIssue();
    const acts = once(
      () => isWorking(world, ref),
      () => act(world, ref),
    );
    return () => {
      acts();
      workOn(world, script);
    };
  };
}

function oneIssue(script: Script): Story["begin"] {
  return (world) => {
    world.readyIssue();
    return () => workOn(world, script);
  };
}

/** One in each minute of the adopt grace, and one more: from then on the watcher may lock the run. */
const REFUSED_UNTIL_ADOPTED = 12;

/** The first so many of such a call fail without effect. */
function refuseFirst(world: World, call: string, times: number): void {
  let left = times;
  world.tracker.beforeCall = (each) => {
    if (each !== call || left === 0) return;
    left -= 1;
    throw new Error("refused for now");
  };
}

const landed = "o/a#1 closed [] done green: first";

export const STORIES: readonly Story[] = [
  { name: "lands", begin: oneIssue(lands), ends: [landed] },
  {
    name: "lands, with two doorbells",
    options: { notifiers: ["ntfy", "bell-two"] },
    begin: oneIssue(lands),
    ends: [landed],
  },
  {
    name: "lands, with the steps of the leases",
    options: { leaseSteps: "are-effects" },
    begin: oneIssue(lands),
    ends: [landed],
  },
  {
    name: "is red, then mended",
    begin: oneIssue(landing("later-red", "later-green")),
    ends: ["o/a#1 closed [] done green: first corrective"],
  },
  {
    name: "is blocked",
    options: { notifiers: ["ntfy", "bell-two"] },
    begin: oneIssue(blocked),
    ends: ["o/a#1 open [ready-for-human] needs-human blocked: first"],
  },
  {
    name: "is blocked, in a repo that never had a label of afk's",
    begin: (world) => {
      const ref = world.readyIssue();
      world.tracker.forgetLabels(ref.repo, [LABELS.inProgress, LABELS.human]);
      return () => workOn(world, blocked);
    },
    ends: ["o/a#1 open [ready-for-human] needs-human blocked: first"],
  },
  {
    name: "is cancelled: a person takes the label off",
    begin: meanwhile((world, ref) => world.tracker.unlabel(ref, LABELS.inProgress, MARIA), works),
    ends: ["o/a#1 open [] cancelled cancelled-by-person: first"],
  },
  {
    name: "is cancelled: a person closes the issue",
    begin: meanwhile((world, ref) => world.tracker.close(ref, MARIA), works),
    ends: ["o/a#1 closed [] cancelled cancelled-by-person: first"],
  },
  {
    name: "freezes: the corrective turn brings nothing",
    begin: oneIssue((world, turn) => {
      if (turn.kind === "first") neverMends(world, turn);
      else world.agentSays(turn.ref, "I could not mend it.");
    }),
    ends: ["o/a#1 open [ready-for-human] frozen no-new-commit: first corrective"],
  },
  {
    name: "freezes: every attempt stays red",
    options: { limits: { fixForwardAttemptsMax: 2 } },
    begin: oneIssue(neverMends),
    ends: [
      "o/a#1 open [ready-for-human] frozen fix-forward-exhausted: first corrective corrective",
    ],
  },
  {
    name: "is nudged, then lands",
    begin: oneIssue((world, { ref, kind, prompt }) => {
      const isReminded = kind === "nudge" && prompt.includes("AFK-Outcome");
      if (isReminded) world.agentLands(ref, { ci: "later-green" });
      else world.agentSays(ref, "I think I am finished.");
    }),
    ends: ["o/a#1 closed [] done green: first nudge"],
  },
  {
    name: "is closed by keyword, red, and reopened",
    begin: oneIssue((world, { ref, kind }) => {
      if (kind === "first") world.agentLands(ref, { ci: "later-red", refs: "Closes" });
      else world.agentSays(ref, "I could not mend it.");
    }),
    ends: ["o/a#1 open [ready-for-human] frozen no-new-commit: first corrective"],
  },
  {
    name: "is paused, then goes on and lands",
    begin: pausedForAWhile,
    ends: ["o/a#1 closed [] done green: first restart"],
  },
  {
    name: "asks, is answered, and lands",
    options: { notifiers: ["ntfy", "bell-two"] },
    begin: (world) => {
      const ref = world.readyIssue();
      const asks = once(
        () => isWorking(world, ref),
        () =>
          world.agent.ask(world.threadOf(ref), {
            requestId: "q1",
            kind: "question",
            text: "Which greeting?",
          }),
      );
      let minutesAsked = 0;
      return () => {
        asks();
        workOn(world, lands);
        const isAsked = world.threadsOf(ref).some((id) => world.agent.see(id).pending.length > 0);
        minutesAsked = isAsked ? minutesAsked + 1 : 0;
        if (minutesAsked > 5) world.agent.answerRequest(world.threadOf(ref), "q1");
      };
    },
    ends: [landed],
  },
  {
    name: "has two issues of one repo, and the second waits for the first",
    begin: (world) => {
      world.readyIssue();
      world.advance(1000);
      world.readyIssue("a", "Add a farewell");
      return () => workOn(world, lands);
    },
    ends: [landed, "o/a#2 closed [] done green: first"],
  },
  {
    name: "has issues of two repos, and the one's red does not stop the other",
    options: { repos: ["a", "b"] },
    begin: (world) => {
      world.readyIssue("a");
      world.readyIssue("b");
      return () =>
        workOn(world, (_, turn) => (turn.ref.repo.name === "a" ? blocked : lands)(world, turn));
    },
    ends: [
      "o/a#1 open [ready-for-human] needs-human blocked: first",
      "o/b#1 closed [] done green: first",
    ],
  },
  {
    name: "is blocked, labelled again, and lands",
    begin: (world) => {
      const ref = world.readyIssue();
      const again = once(
        () => world.labels(ref).join() === LABELS.human,
        () => world.tracker.label(ref, LABELS.ready, MARIA),
      );
      return () => {
        again();
        workOn(world, (_, turn) =>
          (world.records(ref).length === 1 ? blocked : lands)(world, turn),
        );
      };
    },
    ends: ["o/a#1 closed [] needs-human blocked, done green: first"],
  },
  {
    name: "is unlocked and labelled again while CI runs: the newer run takes over",
    begin: supersededWhileCiRuns,
    ends: ["o/a#1 closed [] cancelled cancelled-by-person, done green: first"],
  },
  {
    name: "is held because of an edit",
    begin: (world) => {
      const ref = world.readyIssue();
      world.tracker.edit(ref, { body: "Something else." }, MARIA);
      return () => {};
    },
    ends: ["o/a#1 open [ready-for-agent] no run, 1 hold"],
    isOver: (world) => world.issues.every((ref) => world.holdNotices(ref).length > 0),
  },
  {
    name: "loses its thread to the archive, and goes on",
    begin: meanwhile(
      (world, ref) =>
        void world.agent.archiveThread({
          commandId: "a-person",
          threadId: world.threadOf(ref),
        }),
      (world, { ref }) => void world.agentLands(ref, { ci: "later-green" }),
    ),
    ends: ["o/a#1 closed [] done green: first nudge"],
    // A session that was to be stopped and was not lets its agent finish.
    alsoEnds: [landed],
  },
  {
    name: "works for too long, is stopped, nudged, and lands",
    options: { limits: { turnMsMax: 5 * MINUTE } },
    begin: oneIssue((world, { ref, kind }) => {
      if (kind === "nudge") world.agentLands(ref, { ci: "later-green" });
    }),
    ends: ["o/a#1 closed [] done green: first nudge"],
  },
  {
    name: "is begun again in another thread, because its first one was deleted",
    begin: meanwhile((world, ref) => world.agent.deleteThread(world.threadOf(ref)), lands),
    ends: [landed],
  },
  {
    name: "is refused by the agent server until the attempts are spent",
    begin: (world) => {
      world.readyIssue();
      world.refusals.next.set("createThread", 2);
      return () => workOn(world, lands);
    },
    ends: ["o/a#1 open [ready-for-human] needs-human dispatch-failed: first"],
    errors: Array.from({ length: 2 }).fill(
      "issue failed: Error: o/a#1: create-thread was refused: createThread refused",
    ) as string[],
  },
  {
    name: "loses its progress comment, and lands by the rebuilt one",
    begin: meanwhile((world, ref) => {
      const progress = world.tracker.commentsOn(ref).find(({ body }) => body.includes("afk:run"));
      if (progress !== undefined) world.tracker.deleteComment(ref, progress.id);
    }, lands),
    ends: [landed],
  },
  {
    name: "has its progress comment edited by a person, and lands by the rebuilt one",
    begin: meanwhile((world, ref) => {
      const progress = world.tracker.commentsOn(ref).find(({ body }) => body.includes("afk:run"));
      if (progress === undefined) return;
      world.tracker.tamper(ref, progress.id, { body: `${progress.body}\nHello.`, by: MARIA });
    }, lands),
    ends: [landed],
  },
  {
    name: "lands, and its thread goes to the archive",
    options: { limits: { archiveAfterMs: 5 * MINUTE } },
    begin: oneIssue(lands),
    ends: [landed],
    isOver: (world) =>
      world.issues.every((ref) => {
        const thread = world.threadsOf(ref).at(-1);
        return thread !== undefined && world.agent.see(thread).presence === "archived";
      }),
  },
  {
    name: "is refused in its second run, whose first one left the human label",
    begin: (world) => {
      const ref = world.readyIssue();
      const again = once(
        () => world.labels(ref).join() === LABELS.human,
        () => {
          world.refusals.next.set("startTurn", 2);
          world.tracker.label(ref, LABELS.ready, MARIA);
        },
      );
      return () => {
        again();
        workOn(world, blocked);
      };
    },
    ends: ["o/a#1 open [ready-for-human] needs-human blocked, needs-human dispatch-failed: first"],
    errors: Array.from({ length: 2 }).fill(
      "issue failed: Error: o/a#1: start-turn was refused: startTurn refused",
    ) as string[],
  },
  {
    name: "is locked by the watcher, since nobody could take an older human label off",
    begin: (world) => {
      const ref = world.addIssue();
      world.tracker.label(ref, LABELS.human, MARIA);
      world.advance(1000);
      world.tracker.label(ref, LABELS.ready, MARIA);
      refuseFirst(world, `removeLabel o/a#1 ${LABELS.human}`, REFUSED_UNTIL_ADOPTED);
      return () => workOn(world, lands);
    },
    ends: [landed],
    errors: Array.from({ length: REFUSED_UNTIL_ADOPTED }).fill(
      "issue failed: Error: refused for now",
    ) as string[],
  },
  {
    name: "loses its repo from the allowlist, and its agent is stopped",
    begin: meanwhile((world) => {
      world.settings.repos = [];
    }, works),
    ends: ["o/a#1 open [agent-in-progress,ready-for-agent] no verdict: first"],
    isUntold: true,
    isOver: (world) =>
      world.settings.repos.length === 0 &&
      world.issues.every((ref) => !world.agent.isWorking(world.threadOf(ref))),
  },
  {
    name: "is an orphan",
    begin: (world) => {
      world.tracker.label(world.addIssue(), LABELS.inProgress, MARIA);
      return () => {};
    },
    ends: ["o/a#1 open [ready-for-human] needs-human orphan: "],
  },
];

function pausedForAWhile(world: World): () => void {
  const ref = world.readyIssue();
  const pauses = once(
    () => isWorking(world, ref),
    () => world.tracker.label(ref, LABELS.paused, MARIA),
  );
  let minutesPaused = 0;
  return () => {
    pauses();
    const isPaused = world.labels(ref).includes(LABELS.paused);
    minutesPaused += isPaused ? 1 : 0;
    // An agent that nobody interrupts has long finished by then.
    if (minutesPaused > 4 && isPaused) world.tracker.unlabel(ref, LABELS.paused, MARIA);
    if (minutesPaused !== 1 && minutesPaused !== 2 && minutesPaused !== 3) workOn(world, lands);
  };
}

function supersededWhileCiRuns(world: World): () => void {
  const ref = world.readyIssue();
  const acts = once(
    () => world.records(ref).at(-1)?.commits.length === 2,
    () => {
      world.tracker.unlabel(ref, LABELS.inProgress, MARIA);
      world.approveAgain(ref);
    },
  );
  return () => {
    acts();
    workOn(world, (_, turn) => {
      const isFirstRun = world.records(ref).length === 1;
      world.agentLands(turn.ref, { ci: isFirstRun ? "pending" : "later-green" });
    });
  };
}
