import { tellVerdict } from "./notices.ts";
import type { Doorbell } from "./ports/notifier.ts";
import { cleanUntrusted, cut, plainLine } from "./untrusted-text.ts";
import type { Verdict } from "./verdict.ts";

/** A telephone shows two lines of a title. */
export const BELL_TITLE_CHARACTERS_MAX = 120;

/** ntfy takes 4,096 bytes: this many characters fit in whatever script they are. */
export const BELL_BODY_CHARACTERS_MAX = 1200;

/** Of an agent's words as many as can be read at a glance; the thread has the rest. */
const WORDS_CHARACTERS_MAX = 500;
const ISSUE_TITLE_CHARACTERS_MAX = 200;

/** ntfy takes 64 letters, digits, - and _ as the id by which a notification is replaced. */
export const BELL_KEY_CHARACTERS_MAX = 64;

/** Which run rings, and where its thread is. `title` is the issue's: data. */
export type BellRun = {
  readonly runId: string;
  readonly issueKey: string;
  readonly title: string;
  /** The thread's page; null when there is no thread. */
  readonly link: string | null;
};

type Occasion = Pick<Doorbell, "urgency" | "tags"> & {
  readonly key: string;
  readonly headline: string;
  readonly sentence: string;
  readonly words: string;
};

/** The ring of a verdict: done is quiet, what waits for a person is loud. */
export function renderVerdictBell(run: BellRun & { readonly verdict: Verdict }): Doorbell {
  const { verdict } = run;
  return renderBell(run, {
    ...VERDICT_LOOKS[verdict.kind],
    key: "verdict",
    sentence: tellVerdict(verdict.because),
    words: verdict.detail,
  });
}

const VERDICT_LOOKS: {
  readonly [Kind in Verdict["kind"]]: Pick<Occasion, "headline" | "urgency" | "tags">;
} = {
  done: { headline: "Done", urgency: "quiet", tags: ["white_check_mark"] },
  "needs-human": { headline: "Needs you", urgency: "loud", tags: ["raising_hand"] },
  frozen: { headline: "Frozen", urgency: "loud", tags: ["snowflake"] },
  cancelled: { headline: "Cancelled", urgency: "quiet", tags: ["stop_sign"] },
};

/** The ring of an agent's question: once per request, answered on the thread's page. */
export function renderQuestionBell(
  run: BellRun & { readonly requestId: string; readonly text: string },
): Doorbell {
  return renderBell(run, {
    key: `question-${run.requestId}`,
    headline: "Question",
    urgency: "loud",
    tags: ["question"],
    sentence: "The agent waits for your answer. Open its thread to give it.",
    words: run.text,
  });
}

/** The ring of an agent server that has been silent for too long: once per run. `why` is what was seen last. */
export function renderSilenceBell(run: BellRun & { readonly why: string }): Doorbell {
  return renderBell(run, {
    key: "silence",
    headline: "Agent server silent",
    urgency: "loud",
    tags: ["electric_plug"],
    sentence:
      "The agent server has not answered for a long time. The run is kept, and goes on when it answers again.",
    words: run.why,
  });
}

function renderBell(run: BellRun, occasion: Occasion): Doorbell {
  const words = cut(cleanUntrusted(occasion.words).trim(), WORDS_CHARACTERS_MAX);
  const lines = [plainLine(run.title, ISSUE_TITLE_CHARACTERS_MAX), occasion.sentence, words];
  const body = lines.filter((line) => line !== "").join("\n");
  return {
    key: bellKey(`${run.runId}-${occasion.key}`),
    title: plainLine(`${occasion.headline}: ${run.issueKey}`, BELL_TITLE_CHARACTERS_MAX),
    body: cut(body, BELL_BODY_CHARACTERS_MAX),
    urgency: occasion.urgency,
    tags: occasion.tags,
    link: run.link,
  };
}

/** The key in the letters every service takes. A long request id keeps its end, where ids differ. */
function bellKey(text: string): string {
  const plain = text.replace(/[^\w-]/g, "_");
  if (plain.length <= BELL_KEY_CHARACTERS_MAX) return plain;
  const head = plain.slice(0, BELL_KEY_CHARACTERS_MAX / 2);
  return head + plain.slice(plain.length - BELL_KEY_CHARACTERS_MAX / 2);
}
