import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  verify,
} from "node:crypto";
import { z } from "zod";
import { isoSeconds } from "./git.ts";
import type { Account, Repo } from "./model.ts";
import { type Answer, errorAnswer, pageAnswer, type RestCall } from "./rest-call.ts";
import { appShape, userShape } from "./rest-people.ts";
import { addAccount, findRepo, type World } from "./world.ts";

/** An App as its owner gets it: the key is PEM in PKCS#1, as GitHub hands it out. */
export type RegisteredApp = {
  readonly appId: number;
  readonly slug: string;
  readonly privateKey: string;
  /** The account it acts as. */
  readonly bot: { readonly id: number; readonly login: string };
};

/** Which repos of an owner an App is put on, and what it is granted there. */
export type InstallationWish = {
  readonly slug: string;
  readonly owner: string;
  /** Names without the owner. */
  readonly repos: "all" | readonly string[];
  readonly permissions: Readonly<Record<string, "read" | "write">>;
};

/** The Apps of a forge. */
export type Apps = {
  register(slug: string): RegisteredApp;
  /** Answers the installation's id. Throws when no such App is registered. */
  install(wish: InstallationWish): number;
  /** The bot behind a token of an installation, within the token's reach; null for any other. */
  accountOf(token: string): Account | null;
  /** The slug of the App that signed a JWT which is in force; null for anything else. */
  signerOf(token: string): string | null;
  /** Answers what is asked as an App, or about the reach of its token; null for any other path. */
  answer(asked: AppCall): Answer | null;
};

/** A request that may be an App's own. */
export type AppCall = {
  readonly method: string;
  readonly url: URL;
  readonly apiUrl: string;
  readonly token: string;
  readonly body: unknown;
};

type AppRecord = {
  readonly id: number;
  readonly slug: string;
  readonly publicKey: KeyObject;
  readonly bot: Account;
};

type Installation = InstallationWish & { readonly id: number; readonly app: AppRecord };

type Granted = { readonly account: Account; readonly endsAtMs: number; readonly of: Installation };

type Office = {
  readonly world: World;
  readonly apps: AppRecord[];
  readonly installations: Installation[];
  readonly tokens: Map<string, Granted>;
};

// GitHub's life of an installation token, and the longest it lets a JWT live.
const TOKEN_MS = 3_600_000;
const JWT_SECONDS_MAX = 600;
// GitHub lets a clock be a minute ahead of its own.
const CLOCK_SECONDS_MAX = 60;

const JwtHeader = z.object({ alg: z.literal("RS256") });
const JwtPayload = z.object({
  iss: z.coerce.string(),
  iat: z.number(),
  exp: z.number(),
});
const TokenWish = z.object({
  repositories: z.array(z.string()).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
});

/** Opens a forge's office for Apps. */
export function createApps(world: World): Apps {
  const office: Office = { world, apps: [], installations: [], tokens: new Map() };
  return {
    register: (slug) => register(office, slug),
    install(wish) {
      const app = office.apps.find((one) => one.slug === wish.slug);
      if (app === undefined) throw new Error(`no App ${wish.slug}: register it first`);
      const { id } = world.identify("IN");
      office.installations.push({ ...wish, id, app });
      return id;
    },
    accountOf: (token) => grantOf(office, token)?.account ?? null,
    signerOf: (token) => signerOf(office, token)?.slug ?? null,
    answer: (asked) => answer(office, asked),
  };
}

function register(office: Office, slug: string): RegisteredApp {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const bot = addAccount(office.world, { login: `${slug}[bot]`, kind: "Bot" });
  const { id } = office.world.identify("A");
  office.apps.push({ id, slug, publicKey: createPublicKey(publicKey.export(PEM)), bot });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  return { appId: id, slug, privateKey: pem, bot: { id: bot.id, login: bot.login } };
}

const PEM = { type: "spki", format: "pem" } as const;

function answer(office: Office, asked: AppCall): Answer | null {
  const [first, second = "", third = "", last = ""] = asked.url.pathname.split("/").slice(1);
  const isInstallation = first === "repos" && last === "installation";
  if (asked.url.pathname === "/installation/repositories") return listRepos(office, asked);
  if (first !== "app" && !isInstallation) return null;
  const app = signerOf(office, asked.token);
  if (app === null) return errorAnswer(401, "A JSON web token could not be decoded");
  if (isInstallation) return getInstallation(office, asked, { app, key: `${second}/${third}` });
  if (asked.method === "GET" && second === "") {
    const { id, slug, bot } = app;
    return { status: 200, body: appShape(callOf(office, asked, bot), { id, slug }) };
  }
  if (asked.method === "POST" && second === "installations" && last === "access_tokens") {
    return createToken(office, asked, { app, id: Number(third) });
  }
  return errorAnswer(404, "Not Found");
}

function callOf({ world }: Office, asked: AppCall, viewer: Account): RestCall {
  const { apiUrl, url, body } = asked;
  return { world, viewer, apiUrl, url, body, params: {} };
}

/** The App whose key made the signature, if the word is in force now. */
function signerOf(office: Office, token: string): AppRecord | null {
  const [head = "", body = "", signature = ""] = token.split(".");
  const header = JwtHeader.safeParse(decode(head));
  const payload = JwtPayload.safeParse(decode(body));
  if (!header.success || !payload.success) return null;
  const { iss, iat, exp } = payload.data;
  const now = office.world.nowMs() / 1000;
  if (exp <= now || exp > now + JWT_SECONDS_MAX || iat > now + CLOCK_SECONDS_MAX) return null;
  const app = office.apps.find((one) => String(one.id) === iss);
  if (app === undefined) return null;
  const bytes = Buffer.from(signature, "base64url");
  return verify("RSA-SHA256", Buffer.from(`${head}.${body}`), app.publicKey, bytes) ? app : null;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return null;
  }
}

function reachOf(office: Office, { owner, repos }: InstallationWish): readonly Repo[] {
  return [...office.world.repos.values()].filter(
    (repo) => repo.owner === owner && (repos === "all" || repos.includes(repo.name)),
  );
}

function getInstallation(
  office: Office,
  asked: AppCall,
  of: { readonly app: AppRecord; readonly key: string },
): Answer {
  const repo = findRepo(office.world, of.key);
  const found = office.installations.find(
    (one) => one.app === of.app && repo !== null && reachOf(office, one).includes(repo),
  );
  if (found === undefined) return errorAnswer(404, "Not Found");
  const { id, app, owner, permissions, repos } = found;
  const url = `${asked.apiUrl}/app/installations/${id}`;
  const body = {
    id,
    app_id: app.id,
    app_slug: app.slug,
    target_id: id,
    target_type: "Organization",
    account: {
      ...userShape(callOf(office, asked, app.bot), app.bot),
      login: owner,
      type: "Organization",
    },
    repository_selection: repos === "all" ? "all" : "selected",
    access_tokens_url: `${url}/access_tokens`,
    repositories_url: `${asked.apiUrl}/installation/repositories`,
    html_url: url,
    permissions,
    events: [],
    single_file_name: null,
    created_at: office.world.now(),
    updated_at: office.world.now(),
    suspended_by: null,
    suspended_at: null,
  };
  return { status: 200, body };
}

function createToken(
  office: Office,
  asked: AppCall,
  of: { readonly app: AppRecord; readonly id: number },
): Answer {
  const found = office.installations.find((one) => one.id === of.id && one.app === of.app);
  if (found === undefined) return errorAnswer(404, "Not Found");
  const { repositories, permissions = found.permissions } = TokenWish.parse(asked.body ?? {});
  const reach = reachOf(office, found);
  const wanted = repositories ?? reach.map((repo) => repo.name);
  const repos = reach.filter((repo) => wanted.includes(repo.name));
  if (repos.length !== wanted.length) {
    const why = "does not exist or is not accessible to the parent installation.";
    return errorAnswer(422, `There is at least one repository that ${why}`);
  }
  for (const [name, level] of Object.entries(permissions)) {
    const granted = found.permissions[name] ?? (name === "metadata" ? "read" : undefined);
    if (granted === "write" || granted === level) continue;
    return errorAnswer(422, "The permissions requested are not granted to this installation.");
  }
  const token = newToken(of.app);
  const mayWrite = permissions["issues"] === "write";
  const reached = new Set(repos.map((repo) => repo.key.toLowerCase()));
  const account: Account = { ...found.app.bot, token, reach: { repos: reached, mayWrite } };
  const endsAtMs = office.world.nowMs() + TOKEN_MS;
  office.tokens.set(token, { account, endsAtMs, of: found });
  const selection = repositories === undefined && found.repos === "all" ? "all" : "selected";
  const body = {
    token,
    expires_at: isoSeconds(endsAtMs),
    permissions,
    repository_selection: selection,
  };
  return { status: 201, body };
}

/** In GitHub's newer form: the App's number and a signed word, with dots and dashes. */
function newToken(app: AppRecord): string {
  const part = (bytes: number): string => randomBytes(bytes).toString("base64url");
  return `ghs_${app.id}_eyJ${part(24)}.eyJ${part(96)}.${part(64)}`;
}

function grantOf(office: Office, token: string): Granted | null {
  const granted = office.tokens.get(token);
  return granted !== undefined && granted.endsAtMs > office.world.nowMs() ? granted : null;
}

function listRepos(office: Office, asked: AppCall): Answer {
  const granted = grantOf(office, asked.token);
  if (granted === null) return errorAnswer(401, "Bad credentials");
  const { reach } = granted.account;
  const repos = reachOf(office, granted.of).filter((repo) =>
    reach?.repos.has(repo.key.toLowerCase()),
  );
  const shapes = repos.map((repo) => ({
    id: repo.id,
    name: repo.name,
    full_name: repo.key,
    private: repo.isPrivate,
  }));
  return pageAnswer(callOf(office, asked, granted.account), shapes, (repositories) => ({
    total_count: repos.length,
    repository_selection: granted.of.repos === "all" ? "all" : "selected",
    repositories,
  }));
}
