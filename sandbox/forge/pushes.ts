import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ci } from "./ci.ts";
import { type GitCommit, ZERO_SHA } from "./git.ts";
import { closeIssue } from "./issue-writes.ts";
import type { Account, Push, Repo } from "./model.ts";
import { findAccount, findRepo, mayWrite, type World } from "./world.ts";

// Soon enough that nobody waits for it, rare enough to cost nothing.
const POLL_MS = 100;

// GitHub's closing words, with an optional colon and an optional repo in front of the number.
const CLOSING = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+([\w.-]+\/[\w.-]+)?#(\d+)/gi;

const REFLOG_LINE = /^([0-9a-f]{40}) ([0-9a-f]{40}) (.*) <[^>]*> \d+ [+-]\d{4}(?:\t|$)/;

/** Notices pushes of default branches and does what a forge does with them. */
export type PushWatch = {
  /** Looks now; answers when every push seen is in the log and its checks are queued. */
  poll(): Promise<void>;
  close(): Promise<void>;
};

/** Watches the reflogs of every repo of the world. */
export function createPushWatch(world: World, ci: Ci): PushWatch {
  const offsets = new Map<Repo, number>();
  let last: Promise<void> = Promise.resolve();

  const pollAll = async () => {
    for (const repo of world.repos.values()) {
      const { lines, end } = await newLines(repo, offsets.get(repo) ?? 0);
      offsets.set(repo, end);
      for (const line of lines) await takePush({ world, ci, repo }, line);
    }
  };
  // One look after the other: two at once would take a push twice.
  const poll = () => {
    last = last.then(pollAll, pollAll);
    return last;
  };
  const timer = setInterval(() => void poll().catch(() => undefined), POLL_MS);
  return {
    poll,
    async close() {
      clearInterval(timer);
      await last.catch(() => undefined);
    },
  };
}

/** The reflog's whole lines beyond `offset` (bytes), and where they end. */
async function newLines(
  repo: Repo,
  offset: number,
): Promise<{ readonly lines: readonly string[]; readonly end: number }> {
  const path = join(repo.git.dir, "logs", "refs", "heads", repo.defaultBranch);
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const end = bytes.lastIndexOf(10) + 1;
  if (end <= offset) return { lines: [], end: offset };
  const text = bytes.subarray(offset, end).toString();
  return { lines: text.split("\n").filter((line) => line !== ""), end };
}

type Place = { readonly world: World; readonly ci: Ci; readonly repo: Repo };

async function takePush(place: Place, line: string): Promise<void> {
  const { world, ci, repo } = place;
  const [, before = "", after = "", name = ""] = REFLOG_LINE.exec(line) ?? [];
  if (before === "" || before === after) return;
  const push: Push = {
    id: world.identify("PUSH").id,
    before,
    after,
    ref: `refs/heads/${repo.defaultBranch}`,
    at: world.now(),
    activity: await activityOf(repo, before, after),
    // A local push names its committer in the reflog: it tells a person's push from an agent's.
    actor: findAccount(world, name) ?? repo.pusher,
  };
  repo.pushes.push(push);
  const by = push.actor?.login ?? null;
  world.emit({ kind: "push", repo: repo.key, before, after, by });
  if (after === ZERO_SHA) return;
  const commits = await repo.git.range(before, after).catch(() => []);
  for (const commit of commits.toReversed()) applyKeywords(place, commit, push.actor);
  await ci.start(repo, push);
}

async function activityOf(repo: Repo, before: string, after: string): Promise<Push["activity"]> {
  if (before === ZERO_SHA) return "branch_creation";
  if (after === ZERO_SHA) return "branch_deletion";
  return (await repo.git.mergeBase(before, after)) === before ? "push" : "force_push";
}

function applyKeywords(place: Place, commit: GitCommit, actor: Account | null): void {
  for (const [, key, number] of commit.message.matchAll(CLOSING)) {
    const repo = key === undefined ? place.repo : findRepo(place.world, key);
    const issue = repo?.issues.get(Number(number));
    if (repo === null || issue === undefined) continue;
    if (repo !== place.repo && (actor === null || !mayWrite(repo, actor))) continue;
    closeIssue(place.world, issue, {
      by: actor,
      reason: "completed",
      closer: { kind: "commit", oid: commit.sha },
    });
  }
}
