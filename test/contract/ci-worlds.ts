import type { Forge } from "../../sandbox/forge/forge.ts";
import type { CheckReport } from "../../sandbox/forge/hands.ts";
import { createGithubCi } from "../../src/adapters/ci/github.ts";
import { type RepoRef, repoKey } from "../../src/pure/issue.ts";
import { FakeCi } from "../fakes/fake-ci.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeTracker } from "../fakes/fake-tracker.ts";
import type { CiWorld, Reported } from "./ci-contract.ts";
import type { ForgeHouse } from "./forge-tracker-world.ts";
import { BAD_TOKEN } from "./tracker-world.ts";

/** A world of its own around the faked CI, which knows its commits from the faked tracker. */
export async function openFakeCi(): Promise<CiWorld> {
  const clock = new FakeClock();
  const tracker = new FakeTracker({ clock });
  const hasCommit = (repo: RepoRef, sha: string) => tracker.hasCommit(repo, sha);
  const ci = new FakeCi({ clock, hasCommit });
  let repos = 0;
  const addRepo = (): RepoRef => {
    repos += 1;
    const ref: RepoRef = { tracker: "github", owner: "acme", name: `repo-${repos}` };
    return tracker.addRepo({ ref });
  };
  return {
    ci,
    advance: (ms) => clock.advance(ms),
    addRepo: async () => addRepo(),
    addHiddenRepo: async () => ({ tracker: "github", owner: "acme", name: "hidden" }),
    commit: async (repo) => tracker.push(repo, { message: "Change" }),
    report: ({ sha }, { name, state, words, appId }) => {
      ci.add(sha, {
        name,
        state,
        ...(words === undefined ? {} : { log: words }),
        ...(appId === undefined ? {} : { appId: String(appId) }),
      });
    },
    reportStatus: ({ sha }, { name, state, words }) => void ci.status(sha, name, state, words),
    requireChecks: (repo, required) =>
      ci.setRequired(
        repo,
        required.map(({ context, appId }) => ({
          context,
          appId: appId === null ? null : String(appId),
        })),
      ),
    deployerId: "77",
    deploy: ({ repo, sha }, environment) => ci.deploy(repo, { sha, environment, creatorId: "77" }),
    reportDeployment: (repo, id, report) =>
      ci.deployed(repo, id, {
        ...report,
        // Of one that never succeeded nothing is left to be called deployed.
        state: report.state === "inactive" ? "inconclusive" : report.state,
      }),
    fineGrained: () => {
      ci.setCaveat("checks of other Apps were not read");
      return ci;
    },
    failing: async (log) => {
      const repo = addRepo();
      const sha = tracker.push(repo, { message: "Break" });
      ci.red(sha, "unit", log.join("\n"));
      return { repo, sha };
    },
    withBadToken: () => {
      const refused = new FakeCi({ clock });
      refused.setUnreadable("401: bad credentials");
      return refused;
    },
  };
}

/** A world of its own in the forge, with the real adapter talking to it. */
export async function openForgeCi(house: ForgeHouse): Promise<CiWorld> {
  const { forge, clock } = house;
  const adapter = (token: string) =>
    createGithubCi({ fetch: house.wire.fetch, token, apiUrl: forge.apiUrl });
  return {
    ci: adapter(house.ownToken),
    advance: (ms) => clock.advance(ms),
    addRepo: () => house.addRepo(),
    addHiddenRepo: () => house.addRepo({ isHidden: true }),
    commit: (repo) => house.push(repo, { message: "Change" }),
    report: ({ repo, sha }, check) => report(forge, repo, { sha, ...check }),
    reportStatus: ({ repo, sha }, { name, state, words }) =>
      forge.reportStatus(repoKey(repo), {
        sha,
        context: name,
        state,
        targetUrl: "https://ci.invalid",
        ...(words === undefined ? {} : { description: words }),
      }),
    requireChecks: (repo, required) => forge.requireChecks(repoKey(repo), "ruleset", required),
    deployerId: house.people.writer.id,
    deploy: ({ repo, sha }, environment) =>
      String(forge.createDeployment(repoKey(repo), { sha, environment, by: "wendy" })),
    reportDeployment: (repo, id, { state, words, url }) =>
      forge.reportDeployment(repoKey(repo), Number(id), {
        state: STATES[state],
        ...(words === undefined ? {} : { description: words }),
        ...(url === undefined ? {} : { logUrl: url }),
      }),
    fineGrained: () => {
      const login = `fine-${fineGrained.size + 1}`;
      const { token } = forge.addAccount({ login, kind: "User" });
      fineGrained.add(login);
      forge.makeFineGrained(login);
      return adapter(token);
    },
    failing: async (log) => {
      const program = `console.log(${JSON.stringify(log.join("\n"))}); process.exit(1)`;
      const ci = JSON.stringify({ checks: { unit: ["node", "-e", program] } });
      const repo = await house.addRepo({ files: { "ci.json": ci } });
      await forge.settle();
      return { repo, sha: await house.headOf(repo) };
    },
    withBadToken: () => adapter(BAD_TOKEN),
  };
}

/** Accounts of fine-grained tokens, each of a name that none had before. */
const fineGrained = new Set<string>();

const STATES = {
  success: "SUCCESS",
  failure: "FAILURE",
  pending: "IN_PROGRESS",
  inactive: "INACTIVE",
} as const;

const CONCLUSIONS: Readonly<Record<Exclude<Reported, "pending">, CheckReport["conclusion"]>> = {
  success: "success",
  neutral: "neutral",
  skipped: "skipped",
  failure: "failure",
  "timed-out": "timed_out",
  "startup-failure": "startup_failure",
  cancelled: "cancelled",
  stale: "stale",
  "action-required": "action_required",
};

function report(
  forge: Forge,
  repo: RepoRef,
  check: { sha: string; name: string; state: Reported; words?: string; appId?: number },
): void {
  const { sha, name, state, words, appId } = check;
  const conclusion = state === "pending" ? undefined : CONCLUSIONS[state];
  forge.reportCheck(repoKey(repo), {
    sha,
    name,
    ...(conclusion === undefined ? {} : { conclusion }),
    ...(words === undefined ? {} : { summary: words }),
    ...(appId === undefined ? {} : { app: { slug: `app-${appId}`, id: appId } }),
  });
}
