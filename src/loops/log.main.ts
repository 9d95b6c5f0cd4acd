import pino from "pino";

/** Below this a value is too common to be taken for a secret: redacting it would eat ordinary words. */
const SECRET_CHARACTERS_MIN = 6;

const pemEdge = (edge: string): string => `-----${edge} (?:[A-Z]+ ){0,3}PRIVATE KEY-----`;

/**
 * Any form of a service's tokens, should one arrive from outside rather than from our configuration. None begins
 * like a word of ours: run ids and commits are hexadecimal, and no marker has an underscore or begins with `eyJ`.
 */
const TOKEN_FORMS = new RegExp(
  [
    // GitHub's, classic and of Apps. Of an installation the newer form has dots and dashes.
    "\\bgh[opur]_[A-Za-z0-9]{20,}",
    "\\bghs_[A-Za-z0-9._-]{36,}",
    "\\bgithub_pat_\\w{20,}",
    // Slack's: bot, user, app and refresh tokens.
    "\\b(?:xox[a-z](?:\\.xox[a-z])?-|xapp-\\d-)[\\w-]{10,}",
    // Ntfy's have 29 letters and digits.
    "\\btk_[A-Za-z0-9]{20,}",
    // A signed word: header and payload are JSON objects, so both begin with `eyJ`.
    "\\beyJ[\\w-]{8,}\\.eyJ[\\w-]{8,}\\.[\\w-]{8,}",
    // A private key to its end; where that was cut off, as far as its lines go. In JSON line ends are escaped.
    `${pemEdge("BEGIN")}(?:[^<>{}"]{0,8192}?${pemEdge("END")}|(?:(?:\\s|\\\\[nr])*[\\w+/=]{16,})*)`,
  ].join("|"),
  "g",
);

/** The secrets this process has read, so that none of them is ever told. */
export type Secrets = {
  /** A token: no word of ours contains it. */
  add(value: string): void;
  /** A secret that a person chose, and that may be a repo's name as well. */
  addWord(value: string): void;
  /** Takes out every secret. */
  redact(text: string): string;
  /** Leaves the words in: for texts made of names, markers and links that would break. */
  redactTokens(text: string): string;
};

/** Remembers secrets and takes them out of text. */
export function createSecrets(): Secrets {
  const tokens = new Set<string>();
  const words = new Set<string>();
  const redactTokens = (text: string): string =>
    takeOut(tokens, text.replace(TOKEN_FORMS, REDACTED));
  return {
    add: (value) => remember(tokens, value),
    addWord: (value) => remember(words, value),
    redact: (text) => takeOut(words, redactTokens(text)),
    redactTokens,
  };
}

const REDACTED = "[redacted]";

function remember(known: Set<string>, value: string): void {
  if (value.length < SECRET_CHARACTERS_MIN) return;
  known.add(value);
  // Log lines and records are JSON: a secret with quotes or line ends stands in them escaped.
  known.add(JSON.stringify(value).slice(1, -1));
}

function takeOut(known: ReadonlySet<string>, text: string): string {
  let clean = text;
  for (const secret of known) clean = clean.replaceAll(secret, REDACTED);
  return clean;
}

/** Where log lines go: stdout, or stderr where stdout is the answer to a question. */
const STREAMS = { stdout: 1, stderr: 2 };

/** What is told of an error. */
type ErrorLine = {
  readonly type: string;
  readonly message: string;
  /** What the causes say that the message does not say yet, outermost first. */
  readonly causes?: readonly string[];
  readonly stack?: string;
};

/** Deeper than any chain of ours; a chain that bites its own tail ends here as well. */
const CAUSES_MAX = 8;

/**
 * Nothing but words: what else hangs on a vendor's error is whole requests with their headers, and a stack is
 * kilobytes of bundle that only somebody who looks for a fault can use.
 */
function describeError(error: unknown, isStackTold: boolean): ErrorLine {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { message, stack } = error;
  const told = [message];
  let { cause } = error;
  for (let depth = 0; depth < CAUSES_MAX && cause !== undefined; depth += 1) {
    const words = wordsOf(cause);
    if (!told.some((text) => text.includes(words))) told.push(words);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const causes = told.slice(1);
  return {
    type: error.name,
    message,
    ...(causes.length > 0 ? { causes } : {}),
    ...(isStackTold && stack !== undefined ? { stack } : {}),
  };
}

/** An error with what its causes say beyond it, in one line. */
export function explainError(error: unknown): string {
  const { message, causes = [] } = describeError(error, false);
  return [message, ...causes].join(": ");
}

/** A refused connection is an error without a message: its code says it all. */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.message !== "") return cause.message;
  return "code" in cause ? String(cause.code) : cause.name;
}

/** JSON lines, with the level as a word and the time in ISO 8601. Written at once: a tick that is killed has said what it decided. */
export function createLog(options: {
  readonly level: string;
  readonly loop: string;
  readonly secrets: Secrets;
  readonly to?: keyof typeof STREAMS;
}): pino.Logger {
  const { level, loop, secrets, to = "stdout" } = options;
  const stream = pino.destination({ dest: STREAMS[to], sync: true });
  const isStackTold = level === "debug" || level === "trace";
  const err = (error: unknown): ErrorLine => describeError(error, isStackTold);
  return pino(
    {
      level,
      base: { loop },
      serializers: { err },
      // Words, so that a person finds the errors without a table of pino's numbers and epochs.
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line: string) => void stream.write(secrets.redact(line)) },
  );
}
