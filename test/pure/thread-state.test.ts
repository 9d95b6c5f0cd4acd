import { describe, expect, it } from "vitest";
import type {
  LatestTurn,
  PendingRequest,
  ThreadDetail,
  ThreadMessage,
  ThreadSession,
} from "../../src/pure/thread.ts";
import { classifyTurn, isLive, type TurnState } from "../../src/pure/thread-state.ts";

const EARLIER = "2026-11-20T15:00:00.000Z";
const ASKED = "2026-11-20T15:30:00.000Z";
const JUST_BEFORE = "2026-11-20T15:29:59.999Z";
const LATER = "2026-11-20T15:30:20.000Z";

const OUR_MESSAGE: ThreadMessage = { id: "m-1", role: "user", text: "Do it.", at: ASKED };
const WORDS = "All done.\nAFK-Outcome: pushed abc";
const SAID: readonly ThreadMessage[] = [
  OUR_MESSAGE,
  { id: "a-1", role: "assistant", text: "Starting.", at: LATER },
  { id: "a-2", role: "assistant", text: WORDS, at: LATER },
];
const LOST = "Provider session did not survive a server restart. Send a new message to continue.";
const LIMIT = "You've hit your session limit · resets 3am (UTC)";
const QUESTION: PendingRequest = { requestId: "r-1", kind: "question", text: "Which database?" };

function said(text: string): readonly ThreadMessage[] {
  return [OUR_MESSAGE, { id: "a-1", role: "assistant", text, at: LATER }];
}

function session(status: string, fields: Partial<ThreadSession> = {}): ThreadSession {
  return { status, hasActiveTurn: false, lastError: null, updatedAt: LATER, ...fields };
}

function turn(state: string, fields: Partial<LatestTurn> = {}): LatestTurn {
  const completedAt = state === "running" ? null : LATER;
  return { id: "t-1", state, requestedAt: ASKED, startedAt: ASKED, completedAt, ...fields };
}

/** The turn before ours, over before we asked. */
const OLD_TURN = turn("completed", {
  requestedAt: EARLIER,
  startedAt: EARLIER,
  completedAt: JUST_BEFORE,
});

function thread(fields: Partial<ThreadDetail>): ThreadDetail {
  return {
    id: "afk-0123456789ab-7-0",
    workspaceRoot: "/data/o__r",
    presence: "active",
    createdAt: EARLIER,
    updatedAt: LATER,
    session: null,
    latestTurn: null,
    messages: [OUR_MESSAGE],
    pending: [],
    processedTokens: null,
    ...fields,
  };
}

const RUNNING = session("running", { hasActiveTurn: true });
const over: TurnState = { kind: "over", lastWords: WORDS };
const neverStarted: TurnState = { kind: "never-started" };

type Row = readonly [name: string, seen: Partial<ThreadDetail>, want: TurnState];

const beforeAndDuring: readonly Row[] = [
  ["a thread without our message never started it", { messages: [] }, neverStarted],
  [
    "a running turn is not ours when our message is not there",
    { messages: [], session: RUNNING, latestTurn: turn("running") },
    neverStarted,
  ],
  [
    "words of the agent under our message's id are not our message",
    { messages: [{ ...OUR_MESSAGE, id: "m-0" }], latestTurn: turn("completed") },
    neverStarted,
  ],
  ["a server that died right after its 200 shows nothing at all", {}, neverStarted],
  [
    "a deleted thread has no turn of ours, although its row stays running",
    {
      presence: "deleted",
      session: RUNNING,
      latestTurn: turn("running"),
      messages: SAID,
    },
    neverStarted,
  ],
  [
    "0.0.27 shows a ready session before the turn starts",
    { session: session("ready") },
    neverStarted,
  ],
  [
    "the turn before ours is not ours",
    { session: session("ready", { updatedAt: JUST_BEFORE }), latestTurn: OLD_TURN },
    neverStarted,
  ],
  [
    "an error from before our message is not ours",
    {
      session: session("error", { lastError: "Claude turn failed.", updatedAt: JUST_BEFORE }),
      latestTurn: OLD_TURN,
    },
    neverStarted,
  ],
  [
    "a restart from before our message has not lost it",
    {
      session: session("error", { lastError: LOST, updatedAt: JUST_BEFORE }),
      latestTurn: OLD_TURN,
    },
    neverStarted,
  ],
  [
    "words from before our message do not count",
    {
      session: session("stopped", { updatedAt: JUST_BEFORE }),
      latestTurn: OLD_TURN,
      messages: [{ id: "a-0", role: "assistant", text: WORDS, at: EARLIER }, OUR_MESSAGE],
    },
    neverStarted,
  ],
  ["a starting session is starting", { session: session("starting") }, { kind: "starting" }],
  [
    "a starting session is starting, whatever turn and question are left from before",
    { session: session("starting"), latestTurn: OLD_TURN, pending: [QUESTION] },
    { kind: "starting" },
  ],
  [
    "a starting session with an active turn runs",
    { session: session("starting", { hasActiveTurn: true }), latestTurn: turn("running") },
    { kind: "running", startedAt: ASKED },
  ],
  [
    "a running turn runs since T3 says so",
    { session: RUNNING, latestTurn: turn("running"), messages: SAID },
    { kind: "running", startedAt: ASKED },
  ],
  [
    "0.0.27 says completed at the first words while the session runs",
    { session: RUNNING, latestTurn: turn("completed"), messages: SAID },
    { kind: "running", startedAt: ASKED },
  ],
  [
    "a session that runs without a turn yet has no start time",
    { session: session("running") },
    { kind: "running", startedAt: null },
  ],
  [
    "a session that runs beside the old turn has no start time",
    { session: RUNNING, latestTurn: OLD_TURN },
    { kind: "running", startedAt: null },
  ],
  [
    "our message given to a turn that was running runs since that turn started",
    {
      session: RUNNING,
      latestTurn: turn("running", { requestedAt: EARLIER, startedAt: EARLIER }),
    },
    { kind: "running", startedAt: EARLIER },
  ],
  [
    "a session left running by a restart stays running",
    {
      session: session("running", { hasActiveTurn: true, updatedAt: EARLIER }),
      latestTurn: turn("completed"),
      messages: SAID,
    },
    { kind: "running", startedAt: ASKED },
  ],
  [
    "an error beside an active turn is not over yet",
    {
      session: session("error", { hasActiveTurn: true, lastError: "Claude turn failed." }),
      latestTurn: turn("error"),
      messages: SAID,
    },
    { kind: "running", startedAt: ASKED },
  ],
  [
    "an archived thread that hides its conversation runs as long as its session does",
    {
      presence: "archived",
      messages: [],
      session: RUNNING,
      latestTurn: turn("running"),
    },
    { kind: "running", startedAt: ASKED },
  ],
  [
    "an archived thread that hides its conversation may run without a turn yet",
    { presence: "archived", messages: [], session: RUNNING },
    { kind: "running", startedAt: null },
  ],
  [
    "an archived thread at rest that hides its conversation proves nothing",
    { presence: "archived", messages: [], session: session("ready") },
    { kind: "not-understood", why: "T3 hides what an archived thread holds; unarchive it" },
  ],
  [
    "an archived thread that shows its conversation shows that ours is not in it",
    {
      presence: "archived",
      messages: [{ id: "m-0", role: "user", text: "Before.", at: EARLIER }],
      session: RUNNING,
    },
    neverStarted,
  ],
  [
    "an archived thread's running turn runs",
    {
      presence: "archived",
      session: RUNNING,
      latestTurn: turn("running"),
    },
    { kind: "running", startedAt: ASKED },
  ],
  [
    "an open question waits",
    { session: RUNNING, latestTurn: turn("running"), messages: SAID, pending: [QUESTION] },
    { kind: "waiting", pending: [QUESTION] },
  ],
  [
    "0.0.27 says completed while a question is open",
    { session: RUNNING, latestTurn: turn("completed"), messages: SAID, pending: [QUESTION] },
    { kind: "waiting", pending: [QUESTION] },
  ],
];

const afterwards: readonly Row[] = [
  [
    "a completed turn is over with the agent's last words",
    { session: session("ready"), latestTurn: turn("completed"), messages: SAID },
    over,
  ],
  [
    "a question that nobody can answer any more does not wait",
    {
      session: session("ready"),
      latestTurn: turn("completed"),
      messages: SAID,
      pending: [QUESTION],
    },
    over,
  ],
  [
    "up to 0.0.31 the latest turn is null after the end",
    { session: session("ready"), messages: SAID },
    over,
  ],
  [
    "up to 0.0.31 the latest turn is null after a stop",
    { session: session("stopped"), messages: SAID },
    over,
  ],
  [
    "the words stand when the thread has lost its session",
    { latestTurn: turn("completed"), messages: SAID },
    over,
  ],
  [
    "an idle session stopped by T3 is over",
    { session: session("stopped"), latestTurn: turn("completed"), messages: SAID },
    over,
  ],
  [
    "an interrupt may show as interrupted",
    { session: session("ready"), latestTurn: turn("interrupted"), messages: SAID },
    over,
  ],
  [
    "an interrupt may show as an error",
    {
      session: session("error", { lastError: "Claude turn failed." }),
      latestTurn: turn("error"),
      messages: SAID,
    },
    { kind: "failed", lastError: "Claude turn failed.", lastWords: WORDS },
  ],
  [
    "a turn that ends without a word is over",
    { session: session("ready"), latestTurn: turn("completed") },
    { kind: "over", lastWords: "" },
  ],
  [
    "blank words at the end do not hide the last ones",
    {
      session: session("ready"),
      latestTurn: turn("completed"),
      messages: [...SAID, { id: "a-3", role: "assistant", text: " \n", at: LATER }],
    },
    over,
  ],
  [
    "what a person says last are not the agent's words",
    {
      session: session("ready"),
      latestTurn: turn("completed"),
      messages: [...SAID, { id: "m-2", role: "user", text: "Thanks.", at: LATER }],
    },
    over,
  ],
  [
    "our message given to a running turn is over when that turn completes after it",
    {
      session: session("ready"),
      latestTurn: turn("completed", { requestedAt: EARLIER }),
      messages: [{ id: "a-0", role: "assistant", text: "Before.", at: EARLIER }, OUR_MESSAGE],
    },
    { kind: "over", lastWords: "" },
  ],
  [
    "a session state at the very moment of our message is of our turn",
    { session: session("error", { lastError: "No such instance.", updatedAt: ASKED }) },
    { kind: "failed", lastError: "No such instance.", lastWords: "" },
  ],
  [
    "a session without a time is taken as newer than our message",
    { session: { status: "error", hasActiveTurn: false, lastError: "Broken." } },
    { kind: "failed", lastError: "Broken.", lastWords: "" },
  ],
  [
    "a failed start leaves no turn and stops the session",
    { session: session("stopped", { lastError: "Claude runtime stream failed." }) },
    { kind: "failed", lastError: "Claude runtime stream failed.", lastWords: "" },
  ],
  [
    "a failed start leaves the turn before it as the latest",
    { session: session("error", { lastError: "at most 120000" }), latestTurn: OLD_TURN },
    { kind: "failed", lastError: "at most 120000", lastWords: "" },
  ],
  [
    "0.0.27 tells of a prompt that is too long beside the status ready",
    { session: session("ready", { lastError: "at most 120000" }) },
    { kind: "failed", lastError: "at most 120000", lastWords: "" },
  ],
  [
    "a crash in the turn stops the session with an error",
    {
      session: session("stopped", { lastError: "Claude runtime stream failed." }),
      latestTurn: turn("error"),
      messages: SAID,
    },
    { kind: "failed", lastError: "Claude runtime stream failed.", lastWords: WORDS },
  ],
  [
    "an error without words is an error",
    { session: session("error"), latestTurn: turn("completed"), messages: SAID },
    {
      kind: "failed",
      lastError: "T3 shows an error and gives no reason",
      lastWords: WORDS,
    },
  ],
  [
    "a turn in error is failed although its session is ready",
    { session: session("ready"), latestTurn: turn("error"), messages: SAID },
    {
      kind: "failed",
      lastError: "T3 shows an error and gives no reason",
      lastWords: WORDS,
    },
  ],
  [
    "a turn that did not survive T3's restart is lost",
    {
      session: session("error", { lastError: LOST }),
      latestTurn: turn("error"),
      messages: SAID,
    },
    { kind: "lost-in-restart" },
  ],
  [
    "a start that did not survive T3's restart is lost",
    { session: session("error", { lastError: LOST }), latestTurn: OLD_TURN },
    { kind: "lost-in-restart" },
  ],
  [
    "a limit is reported as success and shows in the words",
    { session: session("ready"), latestTurn: turn("completed"), messages: said(LIMIT) },
    { kind: "limit-reached", lastWords: LIMIT },
  ],
  [
    "a limit may be reported as the error",
    {
      session: session("error", { lastError: LIMIT }),
      latestTurn: turn("error"),
      messages: SAID,
    },
    { kind: "limit-reached", lastWords: LIMIT },
  ],
  [
    "a turn still running in a quiet session runs",
    { session: session("ready"), latestTurn: turn("running"), messages: SAID },
    { kind: "running", startedAt: ASKED },
  ],
  [
    "an unknown session status is not understood",
    { session: session("hibernating"), latestTurn: turn("completed"), messages: SAID },
    { kind: "not-understood", why: "T3 shows the unknown session status hibernating" },
  ],
  [
    "an unknown turn state is not understood",
    { session: session("ready"), latestTurn: turn("parked"), messages: SAID },
    { kind: "not-understood", why: "T3 shows the unknown turn state parked" },
  ],
  [
    "a time that is none proves nothing about the session",
    { session: session("error", { lastError: "Broken.", updatedAt: "soon" }) },
    neverStarted,
  ],
  [
    "a time of our message that is none proves nothing about the turn",
    {
      session: session("ready"),
      latestTurn: turn("completed"),
      messages: [{ ...OUR_MESSAGE, at: "soon" }],
    },
    neverStarted,
  ],
];

describe("before and during the turn", () => {
  it.each(beforeAndDuring)("%s", (_name, seen, want) => {
    expect(classifyTurn(thread(seen), { messageId: "m-1" })).toEqual(want);
  });
});

describe("after the turn", () => {
  it.each(afterwards)("%s", (_name, seen, want) => {
    expect(classifyTurn(thread(seen), { messageId: "m-1" })).toEqual(want);
  });
});

describe("notices of a provider", () => {
  function kindOf(text: string): TurnState["kind"] {
    const seen = { session: session("ready"), latestTurn: turn("completed"), messages: said(text) };
    return classifyTurn(thread(seen), { messageId: "m-1" }).kind;
  }

  it.each([
    LIMIT,
    "You’ve hit your limit · resets May 5 at 9pm (America/New_York)",
    "You've hit your weekly limit · resets Oct 12, 8am (Europe/Paris)",
    "You've hit your extra usage spend limit ∙ Your limit resets at 3:00 PM",
    "You've hit your usage limit. Upgrade to Pro or try again at 3:05 PM.",
    "You've reached your usage limit.",
    "You're out of extra usage · resets 9am (America/Cordoba)",
    "Claude AI usage limit reached|1749924000",
    "5-hour limit reached ∙ resets 3am",
    "Weekly limit reached",
    "Credit balance is too low",
    "Your credit balance is too low to access the API.",
    "You exceeded your current quota, please check your plan and billing details.",
    'API Error: 429 {"type":"error","error":{"type":"rate_limit_error"}}',
  ])("a limit: %s", (text) => {
    expect(kindOf(text)).toBe("limit-reached");
  });

  it.each([
    'API Error: 401 {"type":"error","error":{"type":"authentication_error"}}',
    "API Error: Repeated 529 Overloaded errors",
    "Invalid API key · Please run /login",
    "Please run /login · API Error: 401",
    "Failed to authenticate: OAuth session expired and could not be refreshed",
    "OAuth token has expired. Please obtain a new token.",
  ])("a refusal: %s", (text) => {
    expect(kindOf(text)).toBe("failed");
  });

  it.each([
    "The rate limit reached by the client is now configurable.",
    "I fixed the bug: you've hit your limit is now shown in red.",
    `${LIMIT}\nThat is the text the page now shows.\nAFK-Outcome: pushed abc`,
    "The API error is handled.",
  ])("an agent's own words: %s", (text) => {
    expect(kindOf(text)).toBe("over");
  });

  it("a notice has at most 500 characters", () => {
    expect(kindOf(LIMIT.padEnd(500, "."))).toBe("limit-reached");
    expect(kindOf(LIMIT.padEnd(501, "."))).toBe("over");
  });
});

describe("a live thread", () => {
  const rows: ReadonlyArray<readonly [name: string, seen: Partial<ThreadDetail>, want: boolean]> = [
    ["starting is live", { session: session("starting") }, true],
    ["running is live", { session: session("running") }, true],
    [
      "an active turn is live in any status",
      { session: session("error", { hasActiveTurn: true }) },
      true,
    ],
    ["archived and running is live", { session: RUNNING, presence: "archived" }, true],
    [
      "deleted is not live, whatever its row says",
      { session: RUNNING, presence: "deleted" },
      false,
    ],
    ["ready is not live", { session: session("ready") }, false],
    ["stopped is not live", { session: session("stopped"), latestTurn: turn("completed") }, false],
    ["a thread without a session is not live", {}, false],
  ];
  it.each(rows)("%s", (_name, seen, want) => {
    expect(isLive(thread(seen))).toBe(want);
  });
});
