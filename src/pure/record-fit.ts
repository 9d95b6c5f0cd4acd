import {
  lastTurn,
  OPEN_QUESTIONS_MAX,
  type RunRecord,
  type TurnRecord,
  wasSeen,
} from "./run-record.ts";
import { cut } from "./untrusted-text.ts";

/** What is left of the newest words and the evidence when all else did not make room. */
const SHORT_WORDS_CHARACTERS_MAX = 200;

/**
 * What a record without room in its comment does without, one after the other, that which is missed least
 * first. None of it changes a decision; each, done twice, changes nothing more.
 */
export const LEAVING_OUT: readonly ((record: RunRecord) => RunRecord)[] = [
  withoutOldWords,
  withoutSettledQuestions,
  withoutMiddleCommits,
  withBriefTurns,
  withShortWords,
];

/** Only the newest turn's words are ever told. */
function withoutOldWords(record: RunRecord): RunRecord {
  return withOldTurns(record, (turn) => withWords(turn, 0));
}

function withOldTurns(record: RunRecord, change: (turn: TurnRecord) => TurnRecord): RunRecord {
  const newest = record.turns.length - 1;
  const turns = record.turns.map((turn, at) => (at === newest ? turn : change(turn)));
  return { ...record, turns };
}

function withWords(turn: TurnRecord, charactersMax: number): TurnRecord {
  if (turn.end === null) return turn;
  const { outcome } = turn.end;
  const words = cut(turn.end.words, charactersMax);
  if (outcome === null || outcome.kind === "pushed")
    return { ...turn, end: { ...turn.end, words } };
  const short = { ...outcome, words: cut(outcome.words, charactersMax) };
  return { ...turn, end: { ...turn.end, words, outcome: short } };
}

/** Of a turn that is over nobody is asked any more; else the open ones are the last that were noted. */
function withoutSettledQuestions(record: RunRecord): RunRecord {
  const isOver = lastTurn(record)?.end !== null;
  return { ...record, questions: isOver ? [] : record.questions.slice(-OPEN_QUESTIONS_MAX) };
}

/** The first says what the run began on, the newest is judged; the phases stay proven. */
function withoutMiddleCommits(record: RunRecord): RunRecord {
  const [first, ...others] = record.commits;
  const newest = others.at(-1);
  if (first === undefined || newest === undefined) return record;
  const phases = [...new Set(record.commits.flatMap((commit) => commit.phases))].toSorted();
  return { ...record, commits: [{ ...first, phases }, newest] };
}

/** Of the turns before the newest only kind, attempt, thread and what they came to are ever read. */
function withBriefTurns(record: RunRecord): RunRecord {
  const corrective = record.turns.findLast((turn) => turn.kind === "corrective");
  return withOldTurns(record, (turn) => ({
    ...turn,
    asked: { ...turn.asked, pausedMs: 0, waitedMs: 0 },
    firstSeen: null,
    wasSeenEarlier: wasSeen(turn),
    end: turn.end === null ? null : { ...turn.end, pausedMs: 0, waitedMs: 0 },
    newestCommitAtAsk: turn === corrective ? turn.newestCommitAtAsk : null,
  }));
}

function withShortWords(record: RunRecord): RunRecord {
  const { verdict } = record;
  const turns = record.turns.map((turn) => withWords(turn, SHORT_WORDS_CHARACTERS_MAX));
  if (verdict === null) return { ...record, turns };
  const detail = cut(verdict.detail, SHORT_WORDS_CHARACTERS_MAX);
  return { ...record, turns, verdict: { ...verdict, detail } };
}
