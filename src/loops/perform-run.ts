import { countRefusal, planTurn } from "../pure/dispatch-plan.ts";
import { renderQuestionBell, renderSilenceBell } from "../pure/doorbells.ts";
import { commandIdOf } from "../pure/identity.ts";
import { issueKey } from "../pure/issue.ts";
import type { CommandAck, ThreadCommand } from "../pure/ports/agent.ts";
import { threadLinkOf } from "../pure/progress-comment.ts";
import type { RunAct, ThreadVerb, TurnAsk } from "../pure/run-observation.ts";
import { lastTurn, type RunRecord, type TurnRecord } from "../pure/run-record.ts";
import { renderTurnPrompt } from "../pure/turn-prompt.ts";
import type { TickDeps } from "./deps.ts";
import { sendAgentStep } from "./perform-dispatch.ts";
import { putLabel } from "./put-label.ts";
import { type Occasion, ringBells } from "./ring-bells.ts";
import { labelPlace, type RunInHand, type WatchContext } from "./run-in-hand.ts";

/** Performs one act. Its record stands in the progress comment already. Answers how many doorbells failed. */
export async function performAct(
  context: WatchContext,
  run: RunInHand,
  what: { readonly act: RunAct; readonly record: RunRecord },
): Promise<number> {
  const { act, record } = what;
  const { writer } = context.deps.tracker;
  const { ref } = run.observed.issue;
  switch (act.kind) {
    case "lock":
      for (const label of act.remove) await writer.removeLabel(ref, label);
      await putLabel(context.deps, labelPlace(context, run), act.add);
      return 0;
    case "command-thread":
      for (const verb of act.verbs) await commandThread(context.deps, record, { ...act, verb });
      return 0;
    case "ask-turn":
      await askTurn(context, run, { ask: act.ask, record });
      return 0;
    case "ring-question":
    case "ring-silence": {
      const occasion = occasionOf(context, run, { act, record });
      const { failed } = await ringBells(context.deps, { ...run, record }, occasion);
      return failed;
    }
  }
}

/** The command id carries the counts of the record, so that asking again is a new command. */
async function commandThread(
  deps: TickDeps,
  record: RunRecord,
  command: { readonly threadId: string; readonly verb: ThreadVerb },
): Promise<void> {
  const turn = turnOf(record);
  const count = [turn.pauseInterrupts, turn.stopAsks, turn.revivals, record.verdict?.stopAsks ?? 0];
  const { threadId, verb } = command;
  const commandId = commandIdOf(turn, `${verb}-${count.join("-")}`);
  deps.log.info({ issue: record.issue, runId: record.runId, effect: verb, threadId }, "performing");
  const ack = await sendVerb(deps, verb, { commandId, threadId });
  if (ack.kind === "rejected") throw new Error(`${record.issue}: ${verb} was refused: ${ack.why}`);
}

function sendVerb(deps: TickDeps, verb: ThreadVerb, command: ThreadCommand): Promise<CommandAck> {
  switch (verb) {
    case "interrupt":
      return deps.agent.writer.interruptTurn(command);
    case "stop-session":
      return deps.agent.writer.stopSession(command);
    case "unarchive":
      return deps.agent.writer.unarchiveThread(command);
  }
}

async function askTurn(
  context: WatchContext,
  run: RunInHand,
  what: { readonly ask: TurnAsk; readonly record: RunRecord },
): Promise<void> {
  const { deps, settings, agent } = context;
  const { ask, record } = what;
  const { issue, facts } = run.observed;
  if (agent.kind === "unreadable")
    throw new Error(`${record.issue}: asked for a turn of a silent server`);
  const evidence =
    ask.prompt.kind === "corrective"
      ? await deps.ci.readEvidence(facts.ref, ask.prompt.failing)
      : [];
  const policy = { ...settings, sha256: deps.sha256 };
  const attemptsMax = settings.limits.fixForwardAttemptsMax;
  const text = renderTurnPrompt(ask, {
    issue,
    facts,
    policy,
    runId: record.runId,
    attemptsMax,
    evidence,
  });
  const { isNewThread } = ask;
  for (const step of planTurn({ agent, issue, policy, turn: turnOf(record), isNewThread, text })) {
    const about = {
      issue: record.issue,
      runId: record.runId,
      effect: step.kind,
      threadId: ask.threadId,
    };
    deps.log.info(about, "performing");
    const ack = await sendAgentStep(deps, step);
    if (ack.kind === "accepted") continue;
    // Its ids are used up: the next tick asks with the next attempt's, as long as there is one.
    await run.progress.save(countRefusal(record, deps.now()));
    throw new Error(`${record.issue}: ${step.kind} was refused: ${ack.why}`);
  }
}

function turnOf(record: RunRecord): TurnRecord {
  const turn = lastTurn(record);
  if (turn === null)
    throw new Error(`${record.issue}: run ${record.runId} holds no turn to act on`);
  return turn;
}

function occasionOf(
  context: WatchContext,
  run: RunInHand,
  what: {
    readonly act: Extract<RunAct, { kind: "ring-question" | "ring-silence" }>;
    readonly record: RunRecord;
  },
): Occasion {
  const { act, record } = what;
  const { issue } = run.observed;
  const names = act.bells;
  const about = {
    runId: record.runId,
    issueKey: issueKey(issue.ref),
    title: issue.title,
    link: threadLinkOf(record, context.settings.links),
  };
  if (act.kind === "ring-silence") {
    return {
      bell: renderSilenceBell({ ...about, why: act.why }),
      names,
      read: (of) => of.silence?.bells ?? {},
      write: (of, bells) => ({
        ...of,
        silence: of.silence === null ? null : { ...of.silence, bells },
      }),
    };
  }
  const { requestId, text } = act;
  return {
    bell: renderQuestionBell({ ...about, requestId, text }),
    names,
    read: (of) => of.questions.find((each) => each.requestId === requestId)?.bells ?? {},
    write: (of, bells) => ({
      ...of,
      questions: of.questions.map((each) =>
        each.requestId === requestId ? { ...each, bells } : each,
      ),
    }),
  };
}
