import type { RepoRef } from "../../src/pure/issue.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FaultPlan, TRACKER_WRITE_METHODS, withFaults } from "../fakes/fake-faults.ts";
import { FakeTracker } from "../fakes/fake-tracker.ts";
import {
  LABELS,
  type People,
  type Person,
  type Tracker,
  type TrackerWorld,
} from "./tracker-world.ts";

const PEOPLE: People = {
  admin: person("ada", "11"),
  writer: person("wendy", "12"),
  reader: person("rosa", "13"),
  stranger: person("mallory", "14"),
  bot: { ...person("robot[bot]", "15"), isBot: true },
};

function person(login: string, id: string): Person {
  return { kind: "account", id, login, isBot: false };
}

/** A world of its own around the faked tracker. */
export async function openFakeTracker(): Promise<TrackerWorld> {
  const clock = new FakeClock();
  const tracker = new FakeTracker({ clock, labels: LABELS });
  let repos = 0;
  function addRepo(defaultBranch: string): RepoRef {
    repos += 1;
    const ref: RepoRef = { tracker: "github", owner: "acme", name: `repo-${repos}` };
    tracker.addRepo({ ref, defaultBranch });
    for (const [name, permission] of PERMISSIONS) {
      tracker.setPermission(ref, PEOPLE[name].id, permission);
    }
    // A repo has no label that nobody made there.
    tracker.forgetLabels(ref, Object.values(LABELS));
    tracker.push(ref, { message: "Begin" });
    return ref;
  }
  return {
    tracker,
    people: PEOPLE,
    advance: (ms) => clock.advance(ms),
    addRepo: async ({ defaultBranch = "main" } = {}) => addRepo(defaultBranch),
    // What a token may not see is to it as if it were not there.
    addHiddenRepo: async () => ({ tracker: "github", owner: "acme", name: "hidden" }),
    open: (repo, text = { title: "Add", body: "Please." }) =>
      tracker.addIssue({ repo, ...text, by: PEOPLE.writer }),
    label: (ref, label, by) => tracker.label(ref, label, by),
    labelByIntent: (ref, label, by) => tracker.labelByIntent(ref, label, by),
    labelThroughApp: (ref, label, { by, app }) =>
      tracker.labelThroughApp(ref, label, { by, app: { kind: "app", ...app } }),
    labelByNobody: (ref, label) => tracker.label(ref, label, { kind: "unknown" }),
    unlabel: (ref, label, by) => tracker.unlabel(ref, label, by),
    edit: (ref, change, by) => tracker.edit(ref, change, by),
    close: (ref, by, closer) => tracker.close(ref, by, closer),
    reopen: (ref, by) => tracker.reopen(ref, by),
    transferIn: async (ref) => tracker.transfer(ref),
    comment: (ref, body, by) => void tracker.comment(ref, body, by),
    editComment: (ref, commentId, edit) => tracker.tamper(ref, commentId, edit),
    deleteComment: (ref, commentId) => tracker.deleteComment(ref, commentId),
    addBlocker: (ref, on) => tracker.addBlocker(ref, on),
    openPullRequest: (repo, state) => {
      const text = { title: "Change", body: "", by: PEOPLE.writer };
      const ref = tracker.addIssue({ repo, ...text, isPullRequest: true });
      if (state !== "open") tracker.close(ref, PEOPLE.writer);
      return ref;
    },
    push: async (repo, message, by = PEOPLE.writer) => tracker.push(repo, { message, by }),
    pushOnto: async (repo, below, message) =>
      tracker.pushAll(repo, { messages: [...below, message], by: PEOPLE.writer }).at(-1) ?? "",
    rewrite: async (repo, fromSha, message) => {
      tracker.forcePush(repo, fromSha, PEOPLE.writer);
      return tracker.push(repo, { message });
    },
    breaking: (how) => breaking(tracker, how),
    forgetLabels: (repo, names) => tracker.forgetLabels(repo, names),
    withBadToken: () => {
      const refused = new FakeTracker({ clock, labels: LABELS });
      refused.setDown("401: bad credentials");
      return refused;
    },
    writes: () => tracker.writes,
  };
}

const PERMISSIONS = [
  ["admin", "admin"],
  ["writer", "write"],
  ["reader", "read"],
  ["bot", "write"],
] as const;

function breaking(tracker: FakeTracker, how: "without-effect" | "with-effect" | "moved"): Tracker {
  if (how === "with-effect") {
    const plan = new FaultPlan([{ kind: "fail-after", effect: 1 }]);
    return withFaults<Tracker>(tracker, plan, TRACKER_WRITE_METHODS);
  }
  tracker.beforeCall = (call) => {
    tracker.beforeCall = () => {};
    throw new Error(how === "moved" ? `it has moved: ${call}` : `500: ${call}`);
  };
  return tracker;
}
