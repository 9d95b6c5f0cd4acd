import { issueKey, repoKey } from "../pure/issue.ts";
import type { AgentWriter, CommandAck } from "../pure/ports/agent.ts";
import type { Lease } from "../pure/ports/lease.ts";
import type { Notifier } from "../pure/ports/notifier.ts";
import type { TrackerWriter } from "../pure/ports/tracker.ts";
import { cut } from "../pure/untrusted-text.ts";
import type { TickDeps, TickLog } from "./deps.ts";

/** A notice is shorter; of a prompt or a progress comment this is what a person looks at. */
const TEXT_CHARACTERS_MAX = 4000;

/** What a tick says before an effect. Here the writers speak for themselves, and nothing is performed. */
const ANNOUNCED = "performing";

const ACCEPTED: CommandAck = { kind: "accepted" };

/**
 * The same dependencies with every writer swapped for one that only says what it was asked for, answered as if
 * accepted, and with a lease of one's own. Reads go through: what the tick decides is what it would decide.
 */
export function withoutEffects(deps: TickDeps): TickDeps {
  const log = withoutAnnouncements(deps.log);
  const say: Say = (effect, fields) => log.info({ effect, ...fields }, "would perform");
  return {
    ...deps,
    tracker: { reader: deps.tracker.reader, writer: createDryTracker(say) },
    agent: { reader: deps.agent.reader, writer: createDryAgent(say) },
    notifiers: deps.notifiers.map(({ name }) => createDryNotifier(name, say)),
    lease: createOwnLease(),
    log,
  };
}

type Say = (effect: string, fields: object) => void;

function createDryTracker(say: Say): TrackerWriter {
  let comments = 0;
  return {
    createComment: async (ref, body) => {
      comments += 1;
      const commentId = `not-written-${comments}`;
      say("create-comment", { issue: issueKey(ref), commentId, body: shown(body) });
      return commentId;
    },
    editComment: async (ref, commentId, body) =>
      say("edit-comment", { issue: issueKey(ref), commentId, body: shown(body) }),
    createLabel: async (repo, label) => say("create-label", { repo: repoKey(repo), ...label }),
    addLabel: async (ref, label) => say("add-label", { issue: issueKey(ref), label }),
    removeLabel: async (ref, label) => say("remove-label", { issue: issueKey(ref), label }),
    closeIssue: async (ref, reason) => say("close-issue", { issue: issueKey(ref), reason }),
    reopenIssue: async (ref) => say("reopen-issue", { issue: issueKey(ref) }),
  };
}

function createDryAgent(say: Say): AgentWriter {
  const accept =
    (effect: string) =>
    async (command: object): Promise<CommandAck> => {
      say(effect, command);
      return ACCEPTED;
    };
  return {
    createProject: accept("create-project"),
    createThread: accept("create-thread"),
    startTurn: async (start) => accept("start-turn")({ ...start, text: shown(start.text) }),
    interruptTurn: accept("interrupt"),
    stopSession: accept("stop-session"),
    archiveThread: accept("archive"),
    unarchiveThread: accept("unarchive"),
  };
}

function createDryNotifier(name: string, say: Say): Notifier {
  return {
    name,
    ring: async (bell) => {
      say("ring", { doorbell: name, ...bell });
      return null;
    },
  };
}

/** Nothing is written, so nobody has to be kept out. */
function createOwnLease(): Lease {
  return {
    acquire: async () => ({ kind: "acquired" }),
    isHeld: async () => true,
    release: async () => {},
  };
}

function withoutAnnouncements(log: TickLog): TickLog {
  return {
    info: (fields, message) => {
      if (message !== ANNOUNCED) log.info(fields, message);
    },
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  };
}

function shown(text: string): string {
  return cut(text, TEXT_CHARACTERS_MAX);
}
