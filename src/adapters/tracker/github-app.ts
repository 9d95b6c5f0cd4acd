import * as z from "zod";
import { type RepoRef, repoKey } from "../../pure/issue.ts";
import { crypto } from "../crypto.ts";
import type { OwnAccount, TrackerReader } from "../../pure/ports/tracker.ts";
import {
  createGithubClient,
  type GithubClient,
  type GithubClientOptions,
  type GithubFetch,
} from "./github-client.ts";
import { DatabaseId } from "./github-wire.ts";

/** What acting as a GitHub App takes. All repos belong to one owner: they share an installation. */
export type GithubAppOptions = Pick<GithubClientOptions, "apiUrl" | "meter"> & {
  /** For what a token is obtained with, counted apart from what it is used for. */
  readonly tokenFetch: GithubFetch;
  readonly fetch: GithubFetch;
  /** Its id. */
  readonly appId: string;
  /** PEM, PKCS#1 or PKCS#8; its line ends may be written as `\n`. */
  readPrivateKey(): Promise<string>;
  readonly repos: readonly RepoRef[];
  /** Told each secret before it is first used. */
  readonly learnSecret: (secret: string) => void;
};

/** A GitHub App as an identity. Everything is asked for at most once, when it is first needed. */
export type GithubApp = {
  /** A token of the installation. Throws with the mend when none can be had. */
  readonly token: () => Promise<string>;
  /** The App's bot account. */
  readonly own: () => Promise<OwnAccount>;
  /** The reader, with the repos that the App is not installed on as unreadable. */
  withinReach<Reader extends TrackerReader>(reader: Reader): Reader;
};

/** What a token is minted with: what the adapters ask for and nothing else. */
export const APP_PERMISSIONS = {
  /** The repos themselves, and what the accounts that set labels may do. */
  metadata: "read",
  /** Labels, comments, and closing or reopening. */
  issues: "write",
  /** The commits of the default branch and its push log. */
  contents: "read",
  /** Whether a pull request closed an issue. */
  pull_requests: "read",
  /** Check runs, with their annotations. */
  checks: "read",
  /** Commit statuses. */
  statuses: "read",
  /** The logs of failed jobs. */
  actions: "read",
  /** Whether a commit was deployed. */
  deployments: "read",
} as const;

/** GitHub's own largest page. */
const REPOS_PAGE_SIZE = 100;
/** A thousand repos in one installation; whoever has more can install the App on selected ones. */
const REPO_PAGES_MAX = 10;

const NOT_INSTALLED =
  "the GitHub App is not installed on it: add the repo to the App's installation";

const Refused = z.lazy(() => z.object({ status: z.number(), message: z.string() }));
const InstallationWire = z.lazy(() => z.object({ id: z.int() }));
const TokenWire = z.lazy(() => z.object({ token: z.string() }));
const AppWire = z.lazy(() => z.object({ slug: z.string() }));
const AccountWire = z.lazy(() => z.object({ id: DatabaseId, login: z.string() }));
const ReposWire = z.lazy(() =>
  z.object({ repositories: z.array(z.object({ full_name: z.string() })) }),
);

type Minted = {
  readonly token: string;
  /** Names of the enrolled repos that are in the installation. */
  readonly installed: ReadonlySet<string>;
};

type Session = {
  readonly options: GithubAppOptions;
  /** Speaks as the App itself. */
  readonly self: () => Promise<GithubClient>;
};

/** Creates the identity. Asks nothing yet. */
export function createGithubApp(options: GithubAppOptions): GithubApp {
  const session: Session = { options, self: once(() => openSelf(options)) };
  const minted = once(() => mint(session));
  const token = async (): Promise<string> => (await minted()).token;
  return {
    token,
    own: once(() => readOwn(session, token)),
    withinReach: (reader) => ({
      ...reader,
      listRepos: async (repos, scope) => {
        const installed = await minted().then(
          (known) => known.installed,
          // Without a token every read says so itself.
          () => null,
        );
        const isOut = (repo: RepoRef): boolean => installed?.has(nameKey(repo)) === false;
        const within = repos.filter((repo) => !isOut(repo));
        const seen = (await reader.listRepos(within, scope)).values();
        return repos.flatMap((repo) => {
          if (isOut(repo)) return [{ kind: "unreadable", ref: repo, why: NOT_INSTALLED } as const];
          const next = seen.next();
          return next.done === true ? [] : [next.value];
        });
      },
    }),
  };
}

async function openSelf(options: GithubAppOptions): Promise<GithubClient> {
  const privateKey = await readKey(options);
  // Loaded here, so that a tick with a plain token does not pay for it.
  const { createAppAuth } = await import("@octokit/auth-app");
  const auth = createAppAuth({ appId: options.appId, privateKey });
  const { token } = await auth({ type: "app" });
  options.learnSecret(token);
  return createGithubClient({ ...options, fetch: options.tokenFetch, token, isAppItself: true });
}

/** What is wrong with a private key that cannot sign, without a word of it; null when it can. */
export function appKeyProblem(privateKey: string): string | null {
  return toPkcs8(withLineEnds(privateKey)) === null ? NO_APP_KEY : null;
}

const NO_APP_KEY =
  "is no RSA private key without a passphrase: " +
  "give the whole PEM file that GitHub generated for the App";

async function readKey(options: GithubAppOptions): Promise<string> {
  const text = withLineEnds(await options.readPrivateKey());
  options.learnSecret(text);
  const key = toPkcs8(text);
  if (key === null) throw new Error(`GITHUB_APP_PRIVATE_KEY ${NO_APP_KEY}`);
  return key;
}

function withLineEnds(text: string): string {
  return text.replaceAll("\\n", "\n");
}

/** In the one form that every signer takes. What the reason for null is stays unsaid: it may quote the key. */
function toPkcs8(text: string): string | null {
  try {
    const key = crypto().createPrivateKey(text);
    if (key.asymmetricKeyType !== "rsa") return null;
    return key.export({ type: "pkcs8", format: "pem" }).toString();
  } catch {
    return null;
  }
}

async function readOwn(session: Session, token: () => Promise<string>): Promise<OwnAccount> {
  const self = await session.self();
  const slug = await asSelf(self, "GitHub does not say which App it is", async () => {
    const { data } = await self.rest.apps.getAuthenticated();
    return AppWire.parse(data).slug;
  });
  const client = createGithubClient({ ...session.options, token });
  try {
    const { data } = await client.rest.users.getByUsername({ username: `${slug}[bot]` });
    return AccountWire.parse(data);
  } catch (error) {
    throw client.failure(`The account ${slug}[bot] of the GitHub App is not known`, error);
  }
}

async function mint(session: Session): Promise<Minted> {
  const { repos } = session.options;
  const { id, repos: likely } = await findInstallation(session, repos);
  const narrowed = await mintFor(session, id, likely);
  if (narrowed !== null) return keep(session, narrowed, likely);
  // GitHub refuses the whole list for one repo and does not name it: the installation is asked.
  const installed = await listInstalled(session, id);
  const known = likely.filter((repo) => installed.has(nameKey(repo)));
  const token = await mintFor(session, id, known);
  if (token === null) throw new Error("The GitHub App's installation changes: ask again later");
  return keep(session, token, known);
}

function keep(session: Session, token: string, repos: readonly RepoRef[]): Minted {
  session.options.learnSecret(token);
  return { token, installed: new Set(repos.map(nameKey)) };
}

/** The installation of the first repo that has one; the repos before it have none. */
async function findInstallation(
  session: Session,
  repos: readonly RepoRef[],
): Promise<{ readonly id: number; readonly repos: readonly RepoRef[] }> {
  const self = await session.self();
  for (const [index, { owner, name }] of repos.entries()) {
    const id = await asSelf(self, "The App's installation is not known", async () => {
      try {
        const { data } = await self.rest.apps.getRepoInstallation({ owner, repo: name });
        return InstallationWire.parse(data).id;
      } catch (error) {
        if (Refused.safeParse(error).data?.status === 404) return null;
        throw error;
      }
    });
    if (id !== null) return { id, repos: repos.slice(index) };
  }
  const names = repos.map(repoKey).join(", ");
  throw new Error(
    `GITHUB_APP_ID: the App is installed on none of ${names}: install it on the repos of AFK_ALLOWLIST`,
  );
}

/** A token for these repos alone; null when one of them is not in the installation. */
async function mintFor(
  session: Session,
  installation_id: number,
  repos: readonly RepoRef[],
): Promise<string | null> {
  const self = await session.self();
  return asSelf(self, "No token is given to the App's installation", async () => {
    try {
      const { data } = await self.rest.apps.createInstallationAccessToken({
        installation_id,
        repositories: repos.map((repo) => repo.name),
        permissions: { ...APP_PERMISSIONS },
      });
      return TokenWire.parse(data).token;
    } catch (error) {
      const refused = Refused.safeParse(error).data;
      if (refused?.status !== 422 || /permission/i.test(refused.message)) throw error;
      return null;
    }
  });
}

/** The repos of the installation, read with a token that can do nothing but name them. */
async function listInstalled(session: Session, installation_id: number): Promise<Set<string>> {
  const { options } = session;
  const self = await session.self();
  const lister = await asSelf(self, "No token is given to the App's installation", async () => {
    const permissions = { metadata: "read" } as const;
    const { data } = await self.rest.apps.createInstallationAccessToken({
      installation_id,
      permissions,
    });
    return TokenWire.parse(data).token;
  });
  options.learnSecret(lister);
  const client = createGithubClient({ ...options, fetch: options.tokenFetch, token: lister });
  const names = new Set<string>();
  for (let page = 1; page <= REPO_PAGES_MAX; page += 1) {
    const { repositories } = await client.rest.apps
      .listReposAccessibleToInstallation({ per_page: REPOS_PAGE_SIZE, page })
      .then(({ data }) => ReposWire.parse(data))
      .catch((error: unknown) => {
        throw client.failure("The repos of the App's installation are not known", error);
      });
    for (const { full_name } of repositories) names.add(full_name.toLowerCase());
    if (repositories.length < REPOS_PAGE_SIZE) return names;
  }
  const most = REPOS_PAGE_SIZE * REPO_PAGES_MAX;
  throw new Error(
    `An enrolled repo is not in the App's installation, which has more than ${most} repos: ` +
      "install the App on selected repos, the enrolled ones among them",
  );
}

async function asSelf<T>(self: GithubClient, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw self.failure(`${what}${mendOf(error)}`, error);
  }
}

function mendOf(error: unknown): string {
  const refused = Refused.safeParse(error).data;
  if (refused?.status === 401 || refused?.status === 404) {
    return " (do GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_API_URL belong together?)";
  }
  if (refused?.status !== 422) return "";
  const wanted = Object.entries(APP_PERMISSIONS).map(([name, level]) => `${name}: ${level}`);
  return ` (grant the App ${wanted.join(", ")}, and accept them for the installation)`;
}

function nameKey(repo: RepoRef): string {
  return `${repo.owner}/${repo.name}`.toLowerCase();
}

/** A failure is remembered too: all requests of a tick would ask again at once. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => (asked ??= ask());
}
