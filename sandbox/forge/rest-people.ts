import type { Account, App } from "./model.ts";
import type { RestCall } from "./rest-call.ts";
import { restLogin } from "./world.ts";

type Shape = Record<string, unknown>;

/** An account in short, as every other object carries it; null for a deleted one. */
export function userShape(call: RestCall, account: Account | null): Shape | null {
  if (account === null || account.isDeleted) return null;
  const { id, nodeId, kind } = account;
  return shortShape(call, { login: restLogin(account), id, nodeId, type: kind });
}

/** An account as everybody sees its profile. The forge knows nobody's birthday: it began at epoch. */
export function profileShape(call: RestCall, account: Account): Shape {
  return {
    ...userShape(call, account),
    name: null,
    company: null,
    blog: null,
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: EPOCH,
    updated_at: EPOCH,
  };
}

/** An App, as check runs and events carry it; GitHub itself owns them all. */
export function appShape(call: RestCall, app: App): Shape {
  const owner = { login: "github", id: 9_919, nodeId: "O_github", type: "Organization" };
  return {
    id: app.id,
    slug: app.slug,
    node_id: `A_${app.id}`,
    owner: shortShape(call, owner),
    name: app.slug,
    description: null,
    external_url: `${call.apiUrl}/apps/${app.slug}`,
    html_url: `${call.apiUrl}/apps/${app.slug}`,
    created_at: EPOCH,
    updated_at: EPOCH,
    permissions: { metadata: "read" },
    events: [],
  };
}

const EPOCH = "1970-01-01T00:00:00Z";

function shortShape(
  call: RestCall,
  account: {
    readonly login: string;
    readonly id: number;
    readonly nodeId: string;
    readonly type: string;
  },
): Shape {
  const { login, id, nodeId, type } = account;
  const url = `${call.apiUrl}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeId,
    type,
    site_admin: false,
    avatar_url: `${url}/avatar`,
    gravatar_id: "",
    url,
    html_url: `${call.apiUrl}/${encodeURIComponent(login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
  };
}
