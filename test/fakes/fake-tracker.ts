import { isSameLabel } from "../../src/pure/approval.ts";
import { type BlockerNode, judgeBlockers, nodeIdOf } from "../../src/pure/blocker-graph.ts";
import { type BlockerWords, parseBlockerWords } from "../../src/pure/blocker-words.ts";
import type { BranchSeen, PushesSeen } from "../../src/pure/commits.ts";
import {
  type ActingApp,
  type Actor,
  type BlockersSeen,
  type IssueRef,
  type IssueSeen,
  issueKey,
  type Permission,
  type RepoFacts,
  type RepoRef,
  type RepoSeen,
  repoKey,
} from "../../src/pure/issue.ts";
import type {
  ActingAppQuery,
  BranchQuery,
  IssueSeenAlone,
  LabelNames,
  ListScope,
  NewLabel,
  OwnAccount,
  PushesQuery,
  TrackerReader,
  TrackerWriter,
} from "../../src/pure/ports/tracker.ts";
import { FakeBranch } from "./fake-branch.ts";
import type { FakeClock } from "./fake-clock.ts";
import { type FakeComment, FakeIssue } from "./fake-tracker-issue.ts";

// The adapter sends no longer comment: GitHub's own limit is 65,536, counted in its own way.
const COMMENT_CHARS_MAX = 60_000;

// What GitHub reads as a closing keyword in a commit that reaches the default branch.
const CLOSING = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? (?:([\w.-]+\/[\w.-]+))?#(\d+)/gi;

/** The labels a fake looks for unless told otherwise: the product's defaults. */
export const FAKE_LABELS: LabelNames = {
  ready: "ready-for-agent",
  inProgress: "agent-in-progress",
  human: "ready-for-human",
  paused: "agent-paused",
};

type FakeTrackerOptions = {
  readonly clock: FakeClock;
  readonly own?: OwnAccount;
  readonly labels?: LabelNames;
};

type FakeIssueCreation = {
  readonly repo: RepoRef;
  readonly title: string;
  readonly body: string;
  readonly by: Actor;
  /** As an issue form puts them on: by whoever opens the issue. */
  readonly labels?: readonly string[];
  readonly isPullRequest?: boolean;
};

type RepoState = {
  readonly facts: Omit<RepoFacts, "headSha" | "labelsMissing">;
  readonly branch: FakeBranch;
  readonly issues: Map<number, FakeIssue>;
  readonly permissions: Map<string, Permission>;
  /** By its name in lower case, the label as it was spelled first. */
  readonly labels: Map<string, string>;
  unreadable: string | null;
  pushesUnreadable: string | null;
  issuesOpened: number;
};

/** An account as an actor; a person unless said otherwise. */
export function account(login: string, id: string, isBot = false): Actor {
  return { kind: "account", id, login, isBot };
}

/** A tiny tracker: it holds repos, issues and branches, answers like GitHub, and can be told to break. */
export class FakeTracker implements TrackerReader, TrackerWriter {
  /** Every port call, oldest first: `addLabel o/a#1 agent-in-progress`. */
  readonly calls: string[] = [];
  /** How many write requests came, refused ones included. */
  writes = 0;
  /** The labels that were created with a look, by name. */
  readonly created = new Map<string, NewLabel>();
  /** Runs before a port call is answered: the moment to let a person act between two requests. */
  beforeCall: (call: string) => void = () => {};
  readonly own: OwnAccount;
  readonly #clock: FakeClock;
  readonly #labels: LabelNames;
  readonly #repos = new Map<string, RepoState>();
  #ids = 0;
  #down: string | null = null;
  #writesRefused: string | null = null;
  #appsUnreadable: string | null = null;

  constructor(options: FakeTrackerOptions) {
    this.#clock = options.clock;
    this.own = options.own ?? { id: "900", login: "afk" };
    this.#labels = options.labels ?? FAKE_LABELS;
  }

  // The hands of people, agents and misfortune.

  addRepo(setup: { ref: RepoRef; defaultBranch?: string; id?: string }): RepoRef {
    const { ref } = setup;
    const webUrl = `https://${ref.tracker}.invalid/${ref.owner}/${ref.name}`;
    this.#repos.set(idOf(ref), {
      facts: {
        ref,
        id: setup.id ?? String(100 + this.#repos.size),
        defaultBranch: setup.defaultBranch ?? "main",
        cloneUrl: `${webUrl}.git`,
        webUrl,
      },
      branch: new FakeBranch(repoKey(ref)),
      issues: new Map(),
      permissions: new Map([[this.own.id, "write"]]),
      labels: new Map(Object.values(this.#labels).map((name) => [name.toLowerCase(), name])),
      unreadable: null,
      pushesUnreadable: null,
      issuesOpened: 0,
    });
    return ref;
  }

  addIssue(creation: FakeIssueCreation): IssueRef {
    const repo = this.#repo(creation.repo);
    repo.issuesOpened += 1;
    const ref: IssueRef = { repo: creation.repo, number: repo.issuesOpened };
    const { title, body, isPullRequest = false } = creation;
    const url = `${repo.facts.webUrl}/issues/${ref.number}`;
    const spell = (label: string) => spelling(repo.labels, label);
    const world = { clock: this.#clock, nextId: () => this.#nextId(), spell };
    const issue = new FakeIssue({ ref, url, title, body, isPullRequest }, world);
    repo.issues.set(ref.number, issue);
    for (const label of creation.labels ?? []) issue.label(label, creation.by);
    return ref;
  }

  label(ref: IssueRef, label: string, by: Actor): void {
    this.#issue(ref).label(label, by);
  }

  /** A label that an agent put on with GitHub's `intent`. */
  labelByIntent(ref: IssueRef, label: string, by: Actor): void {
    this.#issue(ref).label(label, by, { isByIntent: true });
  }

  /** A label that an App put on, in somebody's name or as its own bot. */
  labelThroughApp(ref: IssueRef, label: string, how: { by: Actor; app: ActingApp }): void {
    this.#issue(ref).label(label, how.by, { app: how.app });
  }

  /** Apps are not told; null tells them again. */
  setActingAppsUnreadable(why: string | null): void {
    this.#appsUnreadable = why;
  }

  unlabel(ref: IssueRef, label: string, by: Actor): void {
    this.#issue(ref).unlabel(label, by);
  }

  edit(
    ref: IssueRef,
    change: { readonly title?: string; readonly body?: string },
    by: Actor,
  ): void {
    this.#issue(ref).edit(change, by);
  }

  close(ref: IssueRef, by: Actor, closer: "hand" | "commit" | "pull-request" = "hand"): void {
    this.#issue(ref).close(by, closer);
  }

  reopen(ref: IssueRef, by: Actor): void {
    this.#issue(ref).reopen(by);
  }

  /** The issue arrives here from another repo: labels stay, a transfer event is added. */
  transfer(ref: IssueRef): void {
    this.#issue(ref).transferIn();
  }

  /** The issue is deleted, or moved away. */
  removeIssue(ref: IssueRef): void {
    this.#repo(ref.repo).issues.delete(ref.number);
  }

  comment(ref: IssueRef, body: string, by: Actor): string {
    return this.#issue(ref).comment(body, by);
  }

  /** Somebody edits a comment, whoever wrote it. */
  tamper(ref: IssueRef, commentId: string, edit: { body: string; by: Actor }): void {
    this.#issue(ref).editComment(commentId, edit.body, edit.by);
  }

  deleteComment(ref: IssueRef, commentId: string): void {
    this.#issue(ref).deleteComment(commentId);
  }

  /** An account nobody set has `none`: that everyone reads a public repo makes nobody a collaborator. */
  setPermission(repo: RepoRef, accountId: string, permission: Permission): void {
    this.#repo(repo).permissions.set(accountId, permission);
  }

  /** `on` may be of any repo; one this tracker does not know is an unreadable blocker. */
  addBlocker(ref: IssueRef, on: IssueRef): void {
    this.#issue(ref).blockers.push(on);
  }

  setBlockersUnreadable(ref: IssueRef, why: string | null): void {
    this.#issue(ref).blockersUnreadable = why;
  }

  truncateHistory(ref: IssueRef, newestShown: number | null): void {
    this.#issue(ref).eventsShown = newestShown;
  }

  truncateComments(ref: IssueRef, newestShown: number | null): void {
    this.#issue(ref).commentsShown = newestShown;
  }

  truncateBranch(repo: RepoRef, why: string | null): void {
    this.#repo(repo).branch.truncated = why;
  }

  /** Adds one commit to the default branch; a closing keyword in it closes the issue, as on GitHub. */
  push(repo: RepoRef, commit: { readonly message: string; readonly by?: Actor }): string {
    return this.pushAll(repo, { ...commit, messages: [commit.message] }).at(-1) ?? "";
  }

  /** Several commits in one push, the deepest first. Answers their shas. */
  pushAll(
    repo: RepoRef,
    commits: { readonly messages: readonly string[]; readonly by?: Actor },
  ): readonly string[] {
    const state = this.#repo(repo);
    const { messages, by = { kind: "unknown" } } = commits;
    for (const [, elsewhere, number] of messages.join("\n").matchAll(CLOSING)) {
      const closed = elsewhere === undefined ? state : this.#repos.get(elsewhere.toLowerCase());
      closed?.issues.get(Number(number))?.close(by, "commit");
    }
    return state.branch.push(messages, this.#stamp(by));
  }

  forcePush(repo: RepoRef, toSha: string, by: Actor = { kind: "unknown" }): void {
    this.#repo(repo).branch.forcePush(toSha, this.#stamp(by));
  }

  /** The push log of a repo is not told; null tells it again. */
  setPushesUnreadable(repo: RepoRef, why: string | null): void {
    this.#repo(repo).pushesUnreadable = why;
  }

  /** Somebody deletes labels of a repo; no issue may carry them. */
  forgetLabels(repo: RepoRef, names: readonly string[]): void {
    for (const name of names) this.#repo(repo).labels.delete(name.toLowerCase());
  }

  /** Whether the repo ever had the commit, on its branch or left behind by a forced push. */
  hasCommit(repo: RepoRef, sha: string): boolean {
    return this.#repos.get(idOf(repo))?.branch.has(sha) ?? false;
  }

  /** Whether the branch, as it is now, leads to the commit. */
  isOnBranch(repo: RepoRef, sha: string): boolean {
    const seen = this.#repo(repo).branch.read(null);
    return seen.kind === "readable" && seen.commits.some((commit) => commit.sha === sha);
  }

  /** The newest commit of the branch as it is now, without a request; null where it has none. */
  headOf(repo: RepoRef): string | null {
    return this.#repo(repo).branch.headSha;
  }

  /** The shas of the branch as it is now, newest first, without a request. */
  branchOf(repo: RepoRef): readonly string[] {
    return this.#repo(repo).branch.shas();
  }

  setUnreadable(repo: RepoRef, why: string | null): void {
    this.#repo(repo).unreadable = why;
  }

  /** Reads go on, every write is refused without effect. */
  setWritesRefused(why: string | null): void {
    this.#writesRefused = why;
  }

  /** Nothing is answered: reads are unreadable, `whoAmI` and writes throw. */
  setDown(why: string | null): void {
    this.#down = why;
  }

  /** The issue as a read would show it now, without a request. */
  see(ref: IssueRef): IssueSeen {
    return this.#see(this.#issue(ref), ref.repo);
  }

  /** Every comment of an issue, whoever wrote it. */
  commentsOn(ref: IssueRef): readonly FakeComment[] {
    return this.#issue(ref).comments;
  }

  // The reader.

  async whoAmI(): Promise<OwnAccount> {
    this.#called("whoAmI");
    if (this.#down !== null) throw new Error(this.#down);
    return this.own;
  }

  async listRepos(repos: readonly RepoRef[], scope: ListScope): Promise<readonly RepoSeen[]> {
    this.#called(`listRepos ${repos.map(repoKey).join()}`);
    return repos.map((ref) => {
      const repo = this.#readable(ref);
      if (typeof repo === "string") return { kind: "unreadable", ref, why: repo };
      const issues = [...repo.issues.values()]
        .filter((issue) => this.#isListed(issue, scope))
        .map((issue) => this.#see(issue, ref));
      const labelsMissing = [this.#labels.inProgress, this.#labels.human].filter(
        (label) => !repo.labels.has(label.toLowerCase()),
      );
      const facts = { ...repo.facts, ref, headSha: repo.branch.headSha, labelsMissing };
      const permissions = scope === "runs" ? new Map() : this.#permissions(repo, issues);
      return { kind: "readable", facts, issues, permissions };
    });
  }

  async readIssues(refs: readonly IssueRef[]): Promise<readonly IssueSeenAlone[]> {
    this.#called(`readIssues ${refs.map(issueKey).join()}`);
    return refs.map((ref) => {
      const repo = this.#readable(ref.repo);
      if (typeof repo === "string") return { kind: "unreadable", why: repo };
      const found = repo.issues.get(ref.number);
      if (found === undefined) return { kind: "absent" };
      const issue = this.#see(found, ref.repo);
      return { kind: "read", issue, permissions: this.#permissions(repo, [issue]) };
    });
  }

  async readBranches(queries: readonly BranchQuery[]): Promise<readonly BranchSeen[]> {
    this.#called(`readBranches ${queries.map((query) => repoKey(query.repo)).join()}`);
    return queries.map((query) => {
      const repo = this.#readable(query.repo);
      if (typeof repo === "string") return { kind: "unreadable", why: repo };
      return repo.branch.read(query.baseSha);
    });
  }

  async readActingApps(queries: readonly ActingAppQuery[]): Promise<readonly ActingApp[]> {
    this.#called(`readActingApps ${queries.map((query) => issueKey(query.ref)).join()}`);
    return queries.map(({ ref, eventId }) => {
      const repo = this.#readable(ref.repo);
      const why = typeof repo === "string" ? repo : this.#appsUnreadable;
      if (why !== null || typeof repo === "string") return { kind: "unreadable", why: why ?? "" };
      const issue = repo.issues.get(ref.number);
      return issue?.actingApp(eventId) ?? { kind: "unreadable", why: "404: no issue" };
    });
  }

  async readPushes(queries: readonly PushesQuery[]): Promise<readonly PushesSeen[]> {
    this.#called(`readPushes ${queries.map((query) => repoKey(query.repo)).join()}`);
    return queries.map((query) => {
      const repo = this.#readable(query.repo);
      if (typeof repo === "string") return { kind: "unreadable", why: repo };
      const { branch, facts, pushesUnreadable } = repo;
      if (pushesUnreadable !== null) return { kind: "unreadable", why: pushesUnreadable };
      const isKnown = query.branch === facts.defaultBranch;
      return { kind: "readable", pushes: isKnown ? branch.readPushes() : [] };
    });
  }

  // The writer: our own account's hand.

  async createLabel(ref: RepoRef, label: NewLabel): Promise<void> {
    this.writes += 1;
    this.#called(`createLabel ${repoKey(ref)} ${label.name}`);
    const refused = this.#down ?? this.#writesRefused;
    if (refused !== null) throw new Error(refused);
    const { labels } = this.#repo(ref);
    if (!labels.has(label.name.toLowerCase())) this.created.set(label.name, label);
    spelling(labels, label.name);
  }

  async createComment(ref: IssueRef, body: string): Promise<string> {
    const issue = this.#toWrite("createComment", ref, "");
    refuseUnfit(body);
    return issue.comment(body, this.#ownActor());
  }

  async editComment(ref: IssueRef, commentId: string, body: string): Promise<void> {
    const issue = this.#toWrite("editComment", ref, commentId);
    refuseUnfit(body);
    issue.editComment(commentId, body, this.#ownActor());
  }

  async addLabel(ref: IssueRef, label: string): Promise<void> {
    this.#toWrite("addLabel", ref, label).label(label, this.#ownActor());
  }

  async removeLabel(ref: IssueRef, label: string): Promise<void> {
    this.#toWrite("removeLabel", ref, label).unlabel(label, this.#ownActor());
  }

  async closeIssue(ref: IssueRef, reason: "completed" | "not-planned"): Promise<void> {
    this.#toWrite("closeIssue", ref, reason).close(this.#ownActor(), "hand");
  }

  async reopenIssue(ref: IssueRef): Promise<void> {
    this.#toWrite("reopenIssue", ref, "").reopen(this.#ownActor());
  }

  #toWrite(method: string, ref: IssueRef, detail: string): FakeIssue {
    this.writes += 1;
    this.#called(`${method} ${issueKey(ref)} ${detail}`.trimEnd());
    const refused = this.#down ?? this.#writesRefused;
    if (refused !== null) throw new Error(refused);
    return this.#issue(ref);
  }

  #stamp(by: Actor): { readonly by: string | null; readonly at: string } {
    return { by: by.kind === "account" ? by.login : null, at: this.#clock.isoSeconds() };
  }

  #called(call: string): void {
    this.calls.push(call);
    this.beforeCall(call);
  }

  #ownActor(): Actor {
    return account(this.own.login, this.own.id);
  }

  #isListed(issue: FakeIssue, scope: ListScope): boolean {
    if (issue.has(this.#labels.inProgress)) return true;
    if (scope === "runs") return false;
    return issue.state === "open" && issue.has(this.#labels.ready);
  }

  #permissions(repo: RepoState, issues: readonly IssueSeen[]): ReadonlyMap<string, Permission> {
    const permissions = new Map<string, Permission>();
    for (const { history } of issues) {
      const approval = history.events.findLast(
        (event) => event.kind === "labeled" && isSameLabel(event.label, this.#labels.ready),
      );
      if (approval?.kind !== "labeled" || approval.actor.kind !== "account") continue;
      const { id, isBot } = approval.actor;
      // GitHub lists no bot among the collaborators, whatever it may do.
      permissions.set(id, isBot ? "none" : (repo.permissions.get(id) ?? "none"));
    }
    return permissions;
  }

  /** The issue, its repo called as it was asked for. */
  #see(issue: FakeIssue, repo: RepoRef): IssueSeen {
    const blockers = this.#blockers(issue);
    return { ...issue.see(this.own.id, blockers), ref: { ...issue.ref, repo } };
  }

  /** Those linked and those the words of the issue name, with every way round among them. */
  #blockers(issue: FakeIssue): BlockersSeen {
    const own = this.#blockersNamed(issue);
    if (own.kind === "unreadable") return own;
    if (own.refs.length === 0) return { kind: "listed", blockers: [] };
    const nodes = new Map<string, BlockerNode>();
    const open = [...own.refs];
    for (const ref of open) {
      const key = issueKey(ref);
      if (nodes.has(nodeIdOf(key))) continue;
      const repo = this.#readable(ref.repo);
      const found = typeof repo === "string" ? undefined : repo.issues.get(ref.number);
      const named = found?.state === "open" ? this.#blockersNamed(found) : null;
      const refs = named?.kind === "named" ? named.refs : [];
      const state = found?.state ?? "unreadable";
      nodes.set(nodeIdOf(key), { key, state, on: refs.map(issueKey) });
      open.push(...refs);
    }
    const of = { key: issueKey(issue.ref), on: own.refs.map(issueKey) };
    return { kind: "listed", blockers: judgeBlockers(of, nodes) };
  }

  #blockersNamed(issue: FakeIssue): BlockerWords {
    const why = issue.blockersUnreadable;
    if (why !== null) return { kind: "unreadable", why };
    // Every phrase that names a blocker has one of these words.
    if (!/block|depend/i.test(issue.body)) return { kind: "named", refs: issue.blockers };
    const words = parseBlockerWords(issue.body, issue);
    if (words.kind === "unreadable") return words;
    return { kind: "named", refs: [...issue.blockers, ...words.refs] };
  }

  /** The repo, or why it cannot be read. */
  #readable(ref: RepoRef): RepoState | string {
    const repo = this.#repos.get(idOf(ref));
    return this.#down ?? repo?.unreadable ?? repo ?? `404: no repo ${repoKey(ref)}`;
  }

  #repo(ref: RepoRef): RepoState {
    const repo = this.#repos.get(idOf(ref));
    if (repo === undefined) throw new Error(`404: no repo ${repoKey(ref)}`);
    return repo;
  }

  #issue(ref: IssueRef): FakeIssue {
    const issue = this.#repo(ref.repo).issues.get(ref.number);
    if (issue === undefined) throw new Error(`404: no issue ${issueKey(ref)}`);
    return issue;
  }

  #nextId(): string {
    this.#ids += 1;
    return String(this.#ids);
  }
}

/** GitHub ignores case in the names of repos. */
function idOf(ref: RepoRef): string {
  return repoKey(ref).toLowerCase();
}

/** GitHub ignores case in the names of labels too: the first spelling is the label's. */
function spelling(labels: Map<string, string>, label: string): string {
  const known = labels.get(label.toLowerCase());
  if (known === undefined) labels.set(label.toLowerCase(), label);
  return known ?? label;
}

function refuseUnfit(body: string): void {
  if (body.trim() === "") throw new Error("422: body can't be blank");
  if (body.length > COMMENT_CHARS_MAX) throw new Error("422: body is too long");
}
