import type { IssueEvent, Repo } from "./model.ts";
import { type Answer, issueOf, pageAnswer, type RestCall } from "./rest-call.ts";
import { appShape, userShape } from "./rest-people.ts";
import { repoApi } from "./rest-repo-shape.ts";

/** `GET /issues/{number}/events`, oldest first. */
export function listEvents(call: RestCall, repo: Repo): Answer {
  const { events } = issueOf(call, repo);
  return pageAnswer(call, events, (page) => page.map((one) => eventShape(call, repo, one)));
}

function eventShape(call: RestCall, repo: Repo, event: IssueEvent): Record<string, unknown> {
  const { change } = event;
  const app = "app" in change ? (change.app ?? null) : null;
  const base = {
    id: event.id,
    node_id: event.nodeId,
    url: `${repoApi(call, repo)}/issues/events/${event.id}`,
    actor: userShape(call, event.actor),
    event: change.kind,
    commit_id: null,
    commit_url: null,
    created_at: event.at,
    performed_via_github_app: app === null ? null : appShape(call, app),
  };
  switch (change.kind) {
    case "labeled":
    case "unlabeled":
      return { ...base, label: { name: change.label.name, color: change.label.color } };
    case "renamed":
      return { ...base, rename: { from: change.from, to: change.to } };
    case "closed":
      return {
        ...base,
        commit_id: change.closer?.kind === "commit" ? change.closer.oid : null,
      };
    case "reopened":
    case "transferred":
      return base;
  }
}
