import type { CheckEvidence, CiReader } from "../pure/ports/ci.ts";
import type { AgentReader, AgentWriter } from "../pure/ports/agent.ts";
import type { Notifier } from "../pure/ports/notifier.ts";
import type { TrackerWriter } from "../pure/ports/tracker.ts";
import type { ThreadDetail, ThreadRead, ThreadSummary } from "../pure/thread.ts";
import type { Check, ChecksSeen } from "../pure/ci-fold.ts";
import type { DeploymentsSeen } from "../pure/deployments.ts";
import type { TickDeps } from "./deps.ts";

type Redact = (text: string) => string;

/** How secrets are taken out of text. */
export type Redaction = {
  /** All of them: for what agents and CI say. */
  readonly redact: Redact;
  /** Those that no word of ours can contain: for what afk writes, whose markers, ids and links must stay. */
  readonly redactTokens: Redact;
};

/**
 * The same dependencies, with secrets taken out of what agents and CI say as it is read, and once more out of
 * every comment, prompt, title and doorbell as it is written.
 *
 * At reading, because later is too late for some: a text is cut, and its secret with it, or escaped; and a record
 * that is compared with the comment it stands in must be made of the words that were written there.
 */
export function withoutSecrets(deps: TickDeps, redaction: Redaction): TickDeps {
  const { redact, redactTokens } = redaction;
  return {
    ...deps,
    tracker: {
      reader: deps.tracker.reader,
      writer: redactTrackerWriter(deps.tracker.writer, redactTokens),
    },
    agent: {
      reader: redactAgentReader(deps.agent.reader, redact),
      writer: redactAgentWriter(deps.agent.writer, redactTokens),
    },
    ci: redactCiReader(deps.ci, redact),
    notifiers: deps.notifiers.map((notifier) => redactNotifier(notifier, redactTokens)),
  };
}

function redactTrackerWriter(writer: TrackerWriter, redact: Redact): TrackerWriter {
  return {
    createComment: (ref, body) => writer.createComment(ref, redact(body)),
    editComment: (ref, id, body) => writer.editComment(ref, id, redact(body)),
    createLabel: (repo, label) => writer.createLabel(repo, label),
    addLabel: (ref, label) => writer.addLabel(ref, label),
    removeLabel: (ref, label) => writer.removeLabel(ref, label),
    closeIssue: (ref, reason) => writer.closeIssue(ref, reason),
    reopenIssue: (ref) => writer.reopenIssue(ref),
  };
}

function redactAgentWriter(writer: AgentWriter, redact: Redact): AgentWriter {
  return {
    createProject: (creation) =>
      writer.createProject({ ...creation, title: redact(creation.title) }),
    createThread: (creation) => writer.createThread({ ...creation, title: redact(creation.title) }),
    startTurn: (start) => writer.startTurn({ ...start, text: redact(start.text) }),
    interruptTurn: (command) => writer.interruptTurn(command),
    stopSession: (command) => writer.stopSession(command),
    archiveThread: (command) => writer.archiveThread(command),
    unarchiveThread: (command) => writer.unarchiveThread(command),
  };
}

/** The link stays: it is made of our configuration and the thread's id. */
function redactNotifier(notifier: Notifier, redact: Redact): Notifier {
  return {
    name: notifier.name,
    ring: (bell, receipt) =>
      notifier.ring({ ...bell, title: redact(bell.title), body: redact(bell.body) }, receipt),
  };
}

function redactAgentReader(reader: AgentReader, redact: Redact): AgentReader {
  return {
    observe: async (want) => {
      const seen = await reader.observe(want);
      if (seen.kind === "unreadable") return { ...seen, why: redact(seen.why) };
      return { ...seen, threads: seen.threads.map((thread) => redactSession(thread, redact)) };
    },
    readThread: async (threadId) => redactThread(await reader.readThread(threadId), redact),
  };
}

function redactThread(read: ThreadRead, redact: Redact): ThreadRead {
  switch (read.kind) {
    case "read":
      return { kind: "read", detail: redactDetail(read.detail, redact) };
    case "unreadable":
      return { ...read, why: redact(read.why) };
    case "unknown":
      return read;
  }
}

function redactDetail(detail: ThreadDetail, redact: Redact): ThreadDetail {
  const clean = <Said extends { readonly text: string }>(said: Said): Said => ({
    ...said,
    text: redact(said.text),
  });
  return {
    ...redactSession(detail, redact),
    messages: detail.messages.map(clean),
    pending: detail.pending.map(clean),
  };
}

function redactSession<Thread extends ThreadSummary>(thread: Thread, redact: Redact): Thread {
  const { session } = thread;
  if (session === null || session.lastError === null) return thread;
  return { ...thread, session: { ...session, lastError: redact(session.lastError) } };
}

function redactCiReader(ci: CiReader, redact: Redact): CiReader {
  return {
    readChecks: async (queries) =>
      (await ci.readChecks(queries)).map((seen) => redactChecks(seen, redact)),
    readDeployments: async (queries) =>
      (await ci.readDeployments(queries)).map((seen) => redactDeployments(seen, redact)),
    readEvidence: async (repo, failing) =>
      (await ci.readEvidence(repo, failing)).map((evidence) => redactEvidence(evidence, redact)),
  };
}

function redactDeployments(seen: DeploymentsSeen, redact: Redact): DeploymentsSeen {
  if (seen.kind === "unreadable") return { ...seen, why: redact(seen.why) };
  return { ...seen, deployments: seen.deployments.map((each) => redactWords(each, redact)) };
}

function redactWords<Said extends { readonly words?: string }>(said: Said, redact: Redact): Said {
  return said.words === undefined ? said : { ...said, words: redact(said.words) };
}

function redactChecks(seen: ChecksSeen, redact: Redact): ChecksSeen {
  if (seen.kind === "unreadable") return { ...seen, why: redact(seen.why) };
  const clean = (check: Check): Check =>
    redactWords({ ...check, name: redact(check.name) }, redact);
  const { required, caveat } = seen;
  return {
    ...seen,
    checks: seen.checks.map(clean),
    // Names are matched with those of the checks: both must be told the same.
    ...(required === undefined
      ? {}
      : { required: required.map((each) => ({ ...each, context: redact(each.context) })) }),
    ...(caveat === undefined ? {} : { caveat: redact(caveat) }),
  };
}

function redactEvidence(evidence: CheckEvidence, redact: Redact): CheckEvidence {
  return { ...evidence, name: redact(evidence.name), logTail: redact(evidence.logTail) };
}
