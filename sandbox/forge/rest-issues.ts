import { z } from "zod";
import {
  addComment,
  addLabel,
  closeIssue,
  deleteComment,
  editComment,
  editIssue,
  findComment,
  removeLabel,
  reopenIssue,
} from "./issue-writes.ts";
import type { Comment, Issue, Repo } from "./model.ts";
import {
  type Answer,
  issueOf,
  needPush,
  needUnarchived,
  pageAnswer,
  RestRefusal,
  type RestCall,
} from "./rest-call.ts";
import { commentShape, issueShape, labelShape } from "./rest-shapes.ts";
import { createLabel, mayWrite } from "./world.ts";

const ADMIN_RIGHTS = "Must have admin rights to Repository.";

// GitHub refuses longer bodies.
const BODY_CHARS_MAX = 65_536;
const LABEL_DESCRIPTION_CHARS_MAX = 100;

const IssuePatch = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "duplicate", "reopened"]).nullish(),
});
const CommentBody = z.object({ body: z.string() });
const NewLabel = z.object({
  name: z.string().min(1),
  color: z.string().default("ededed"),
  description: z.string().nullable().default(null),
});
const LabelItem = z.union([
  z.string().transform((name) => ({ name, rationale: null, confidence: null, suggest: false })),
  z.object({
    name: z.string(),
    rationale: z.string().nullable().default(null),
    confidence: z.enum(["LOW", "MEDIUM", "HIGH"]).nullable().default(null),
    suggest: z.boolean().default(false),
  }),
]);
const LabelList = z.union([
  z.array(LabelItem),
  z.object({ labels: z.array(LabelItem) }).transform(({ labels }) => labels),
]);

/** `GET /issues/{number}` */
export function getIssue(call: RestCall, repo: Repo): Answer {
  return { status: 200, body: issueShape(call, issueOf(call, repo)) };
}

/** `PATCH /issues/{number}`: title, body and state. The author of an issue may do it too. */
export function patchIssue(call: RestCall, repo: Repo): Answer {
  const issue = issueOf(call, repo);
  const { viewer, world } = call;
  if (issue.author.id === viewer.id) needUnarchived(repo);
  else needPush(call, repo, ADMIN_RIGHTS);
  const patch = parseBody(IssuePatch, call.body);
  const { title, body } = patch;
  if (body != null) checkBody("Issue", body);
  editIssue(world, issue, { title, body: body ?? undefined, by: viewer });
  if (patch.state === "open") reopenIssue(world, issue, viewer);
  if (patch.state === "closed") {
    const asked = patch.state_reason ?? "completed";
    const reason = asked === "reopened" ? "completed" : asked;
    closeIssue(world, issue, { by: viewer, reason, closer: null });
  }
  return { status: 200, body: issueShape(call, issue) };
}

/** `GET /issues/{number}/comments`, oldest first. */
export function listComments(call: RestCall, repo: Repo): Answer {
  const since = call.url.searchParams.get("since");
  const comments = issueOf(call, repo).comments.filter(
    (one) => since === null || Date.parse(one.updatedAt) >= Date.parse(since),
  );
  return pageAnswer(call, comments, (page) => page.map((one) => commentShape(call, one)));
}

/** `POST /issues/{number}/comments`: whoever can read may comment. */
export function createComment(call: RestCall, repo: Repo): Answer {
  const issue = issueOf(call, repo);
  needUnarchived(repo);
  const { body } = parseBody(CommentBody, call.body);
  checkBody("IssueComment", body);
  const comment = addComment(call.world, issue, { body, by: call.viewer });
  const shape = commentShape(call, comment);
  return { status: 201, body: shape, headers: { location: String(shape["url"]) } };
}

/** `GET /issues/comments/{id}` */
export function getComment(call: RestCall, repo: Repo): Answer {
  return { status: 200, body: commentShape(call, commentOf(call, repo)) };
}

/** `PATCH /issues/comments/{id}` */
export function patchComment(call: RestCall, repo: Repo): Answer {
  const comment = ownOrWritable(call, repo);
  const { body } = parseBody(CommentBody, call.body);
  checkBody("IssueComment", body);
  editComment(call.world, comment, { body, by: call.viewer });
  return { status: 200, body: commentShape(call, comment) };
}

/** `DELETE /issues/comments/{id}` */
export function removeComment(call: RestCall, repo: Repo): Answer {
  deleteComment(call.world, ownOrWritable(call, repo), call.viewer);
  return { status: 204 };
}

/** `GET /issues/{number}/labels` */
export function listLabels(call: RestCall, repo: Repo): Answer {
  return labelsAnswer(call, issueOf(call, repo));
}

/** `POST /issues/{number}/labels`: adds labels, answers all of them. A suggestion puts none on. */
export function postLabels(call: RestCall, repo: Repo): Answer {
  const issue = issueOf(call, repo);
  needPush(call, repo, ADMIN_RIGHTS);
  for (const item of parseBody(LabelList, call.body)) {
    if (item.suggest) continue;
    const { rationale, confidence } = item;
    const isByIntent = rationale !== null || confidence !== null;
    const intent = isByIntent ? { rationale, confidence } : null;
    addLabel(call.world, issue, { name: item.name, by: call.viewer, intent });
  }
  return labelsAnswer(call, issue);
}

/** `POST /labels`: 422 for one that is there in any case, or that does not fit. */
export function postRepoLabel(call: RestCall, repo: Repo): Answer {
  needPush(call, repo, ADMIN_RIGHTS);
  const wanted = parseBody(NewLabel, call.body);
  const refuse = (field: string, code: string) =>
    new RestRefusal(422, "Validation Failed", { errors: [{ resource: "Label", code, field }] });
  if (!/^[0-9a-f]{6}$/i.test(wanted.color)) throw refuse("color", "invalid");
  const { description } = wanted;
  if (description !== null && description.length > LABEL_DESCRIPTION_CHARS_MAX)
    throw refuse("description", "invalid");
  if (repo.labels.has(wanted.name.toLowerCase())) throw refuse("name", "already_exists");
  const label = createLabel(call.world, repo, wanted);
  const body = labelShape(call, repo, label);
  return { status: 201, body, headers: { location: String(body["url"]) } };
}

/** `DELETE /issues/{number}/labels/{name}`: 404 when the label is not on the issue. */
export function deleteLabel(call: RestCall, repo: Repo): Answer {
  const issue = issueOf(call, repo);
  needPush(call, repo, ADMIN_RIGHTS);
  const name = call.params["label"] ?? "";
  if (!removeLabel(call.world, issue, { name, by: call.viewer })) {
    throw new RestRefusal(404, "Label does not exist");
  }
  return labelsAnswer(call, issue);
}

function labelsAnswer(call: RestCall, issue: Issue): Answer {
  const body = issue.labels.map((label) => labelShape(call, issue.repo, label));
  return { status: 200, body };
}

function commentOf(call: RestCall, repo: Repo): Comment {
  const comment = findComment(repo, Number(call.params["id"]));
  if (comment === null) throw new RestRefusal(404, "Not Found");
  return comment;
}

function ownOrWritable(call: RestCall, repo: Repo): Comment {
  const comment = commentOf(call, repo);
  needUnarchived(repo);
  if (comment.author !== call.viewer && !mayWrite(repo, call.viewer)) {
    throw new RestRefusal(403, ADMIN_RIGHTS);
  }
  return comment;
}

function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues[0];
  throw new RestRefusal(
    422,
    `Invalid request.\n\n${problem?.path.join("/") ?? ""}: ${problem?.message}`,
  );
}

function checkBody(resource: string, body: string): void {
  if (body.trim() === "" && resource === "IssueComment") {
    const errors = [
      { resource, code: "unprocessable", field: "data", message: "Body cannot be blank" },
    ];
    throw new RestRefusal(422, "Unprocessable Entity", { errors });
  }
  if (body.length <= BODY_CHARS_MAX) return;
  const message = `body is too long (maximum is ${BODY_CHARS_MAX} characters)`;
  const errors = [{ resource, code: "custom", field: "body", message }];
  throw new RestRefusal(422, "Validation Failed", { errors });
}
