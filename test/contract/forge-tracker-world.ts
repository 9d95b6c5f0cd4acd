import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Forge, startForge } from "../../sandbox/forge/forge.ts";
import { gitEnv } from "../../sandbox/forge/git.ts";
import { createBoundedFetch } from "../../src/adapters/http.ts";
import { createGithubTracker } from "../../src/adapters/tracker/github.ts";
import { type IssueRef, type RepoRef, repoKey } from "../../src/pure/issue.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { publishedDescriptions, type WireWatch, watchWire } from "../wire/wire-watch.ts";
import { BAD_TOKEN, LABELS, type People, type Person, type TrackerWorld } from "./tracker-world.ts";

const run = promisify(execFile);

/** CI has nothing to run: what it says is not what these worlds are about. */
const FILES = { "README.md": "# A repo\n", "ci.json": '{ "checks": {} }\n' };

/** A forge with its accounts and a client to reach it, for all the worlds of one file. */
export type ForgeHouse = {
  readonly forge: Forge;
  readonly clock: FakeClock;
  /** Reaches the forge; what goes through it is held against GitHub's own descriptions. */
  readonly wire: WireWatch;
  readonly people: People;
  readonly ownToken: string;
  /** A repo of a name that none had before. `isHidden`: our own account may not see it. */
  addRepo(wish?: RepoWish): Promise<RepoRef>;
  /** Of the default branch. */
  headOf(repo: RepoRef): Promise<string>;
  /** Commits and pushes with the git of the machine, and waits until the forge saw it. */
  push(repo: RepoRef, commit: Commit): Promise<string>;
  close(): Promise<void>;
};

type RepoWish = {
  readonly defaultBranch?: string;
  readonly isHidden?: boolean;
  readonly files?: Readonly<Record<string, string>>;
};

type Commit = {
  readonly message: string;
  readonly by?: string;
  /** Commits of the same push, below this one, the deepest first. */
  readonly below?: readonly string[];
  /** Where the branch goes on from; from its head when left out. */
  readonly fromSha?: string;
};

const OWN_LOGIN = "afk-bot";

/** Starts the forge. Its clock moves only when told. */
export async function startForgeHouse(): Promise<ForgeHouse> {
  const dir = await mkdtemp(join(tmpdir(), "contract-forge-"));
  const clock = new FakeClock();
  const forge = await startForge({ dir, now: clock.now });
  const client = createBoundedFetch({
    timeoutMs: 20_000,
    bodyBytesMax: 8 * 1024 * 1024,
    connectionsMax: 8,
  });
  const own = forge.addAccount({ login: OWN_LOGIN, kind: "User" });
  const cloneUrls = new Map<string, string>();
  const clones = new Map<string, string>();
  return {
    forge,
    clock,
    wire: watchWire(client.fetch, {
      apiUrl: forge.apiUrl,
      published: publishedDescriptions(),
    }),
    people: addPeople(forge),
    ownToken: own.token,
    async addRepo({ defaultBranch = "main", isHidden = false, files = FILES } = {}) {
      const name = `repo-${cloneUrls.size + 1}`;
      const permissions = {
        ada: "admin",
        wendy: "write",
        rosa: "read",
        "robot[bot]": "write",
      } as const;
      const { key, cloneUrl } = await forge.createRepo({
        owner: "acme",
        name,
        files,
        defaultBranch,
        permissions: isHidden ? permissions : { ...permissions, [OWN_LOGIN]: "write" },
        isPrivate: isHidden,
        pusher: "wendy",
      });
      cloneUrls.set(key, cloneUrl);
      return { tracker: "github", owner: "acme", name };
    },
    async headOf(repo) {
      const [head] = await forge.commits(repoKey(repo));
      return head?.sha ?? "";
    },
    async push(repo, { message, by = "wendy", below = [], fromSha }) {
      const key = repoKey(repo);
      const env = { ...gitEnv(), GIT_COMMITTER_NAME: by, GIT_COMMITTER_EMAIL: `${by}@localhost` };
      const someone = ["-c", "user.name=Someone", "-c", "user.email=someone@localhost"];
      const git = (...args: string[]) => run("git", [...someone, ...args], { env });
      const clone = clones.get(key) ?? join(dir, `clone-${clones.size + 1}`);
      if (!clones.has(key)) await git("clone", "--quiet", cloneUrls.get(key) ?? "", clone);
      clones.set(key, clone);
      const at = (...args: string[]) => git("-C", clone, ...args);
      if (fromSha !== undefined) await at("reset", "--quiet", "--hard", fromSha);
      for (const each of [...below, message])
        await at("commit", "--quiet", "--allow-empty", "--message", each);
      await at("push", "--quiet", "--force", "origin", "HEAD");
      const { stdout } = await at("rev-parse", "HEAD");
      await forge.settle();
      return stdout.trim();
    },
    async close() {
      await client.close();
      await forge.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function addPeople(forge: Forge): People {
  const add = (login: string, kind: "User" | "Bot" = "User"): Person => {
    const { id } = forge.addAccount({ login, kind });
    return { kind: "account", id: String(id), login, isBot: kind === "Bot" };
  };
  return {
    admin: add("ada"),
    writer: add("wendy"),
    reader: add("rosa"),
    stranger: add("mallory"),
    bot: add("robot[bot]", "Bot"),
  };
}

/** A world of its own in the forge: fresh repos, and a fresh adapter as every tick has one. */
export async function openForgeTracker(house: ForgeHouse): Promise<TrackerWorld> {
  const { forge, people, clock } = house;
  const adapter = (token: string) =>
    createGithubTracker({ fetch: house.wire.fetch, token, apiUrl: forge.apiUrl, labels: LABELS });
  const tracker = adapter(house.ownToken);
  return {
    tracker,
    people,
    advance: (ms) => clock.advance(ms),
    addRepo: (wish) => house.addRepo(wish),
    addHiddenRepo: async () => {
      const repo = await house.addRepo({ isHidden: true });
      forge.createIssue({ repo: repoKey(repo), title: "Hidden", body: "", by: "ada" });
      return repo;
    },
    open: (repo, text = { title: "Add", body: "Please." }) => ({
      repo,
      number: forge.createIssue({ repo: repoKey(repo), ...text, by: people.writer.login }),
    }),
    label: (ref, label, by) => forge.addLabel(name(ref), label, by.login),
    labelByIntent: (ref, label, { login: by }) =>
      forge.addLabelByIntent(name(ref), label, { confidence: "HIGH", rationale: "It fits.", by }),
    labelThroughApp: (ref, label, { by, app }) =>
      forge.addLabelThroughApp(name(ref), label, {
        by: by.login,
        app: { id: Number(app.id), slug: app.slug },
      }),
    labelByNobody: (ref, label) => {
      forge.addAccount({ login: "leaver", kind: "User" });
      forge.addLabel(name(ref), label, "leaver");
      forge.deleteAccount("leaver");
    },
    unlabel: (ref, label, by) => forge.removeLabel(name(ref), label, by.login),
    edit: (ref, change, { login: by }) => forge.editIssue(name(ref), { ...change, by }),
    close: (ref, by, closer) =>
      forge.closeIssue(name(ref), by.login, closer === "hand" ? {} : { pullRequest: 77 }),
    reopen: (ref, by) => forge.reopenIssue(name(ref), by.login),
    transferIn: async (ref) => {
      const from = repoKey(await house.addRepo());
      forge.markTransferred(name(ref), from, people.admin.login);
    },
    comment: (ref, body, by) => void forge.comment(name(ref), body, by.login),
    editComment: (ref, commentId, { body, by }) =>
      forge.editComment(repoKey(ref.repo), Number(commentId), { body, by: by.login }),
    deleteComment: (ref, commentId) =>
      forge.deleteComment(repoKey(ref.repo), Number(commentId), people.admin.login),
    addBlocker: (ref, on) => forge.addBlocker(name(ref), name(on)),
    openPullRequest: (repo, state) => {
      // Far from the issues' numbers: the sandbox counts the two apart.
      const number = 900_001;
      forge.setPullRequest(repoKey(repo), number, state);
      return { repo, number };
    },
    push: (repo, message, by = people.writer) => house.push(repo, { message, by: by.login }),
    pushOnto: (repo, below, message) => house.push(repo, { message, below }),
    rewrite: (repo, fromSha, message) => house.push(repo, { message, fromSha }),
    breaking: (how) => {
      forge.failNext({ path: /^\/repos\// }, FAULTS[how]);
      return tracker;
    },
    // A repo of the sandbox has none that was not made.
    forgetLabels: () => {},
    withBadToken: () => adapter(BAD_TOKEN),
    writes: () => forge.requests.filter((request) => request.isWrite).length,
  };
}

function name({ repo, number }: IssueRef): { readonly repo: string; readonly number: number } {
  return { repo: repoKey(repo), number };
}

const FAULTS = {
  "with-effect": "502-after",
  "without-effect": "500-before",
  moved: "301",
} as const;
