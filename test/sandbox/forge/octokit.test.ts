import { Octokit } from "@octokit/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROKEN_SUM, type SmallWorld, startSmallWorld } from "./small-world.ts";

let world: SmallWorld;
let octokit: Octokit;
const place = { owner: "acme", repo: "sum" };

beforeAll(async () => {
  world = await startSmallWorld();
  octokit = new Octokit({
    auth: world.loop.token,
    baseUrl: world.forge.apiUrl.origin,
    // A refusal is expected here and needs no line on stderr.
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
});
afterAll(() => world.close());

describe("octokit against the forge", () => {
  it("learns who it is", async () => {
    const { data, headers } = await octokit.rest.users.getAuthenticated();
    expect(data).toMatchObject({ login: "loop[bot]", type: "Bot" });
    expect(headers["x-ratelimit-limit"]).toBe("5000");
  });

  it("writes comments, labels and states", async () => {
    const issue_number = world.issue.number;
    const made = await octokit.rest.issues.createComment({ ...place, issue_number, body: "one" });
    const comment_id = made.data.id;
    await octokit.rest.issues.updateComment({ ...place, comment_id, body: "two" });
    await octokit.rest.issues.addLabels({ ...place, issue_number, labels: ["busy"] });
    await octokit.rest.issues.addLabels({ ...place, issue_number, labels: ["busy"] });
    await octokit.rest.issues.removeLabel({ ...place, issue_number, name: "busy" });
    const absent = octokit.rest.issues.removeLabel({ ...place, issue_number, name: "busy" });
    await expect(absent).rejects.toMatchObject({ status: 404 });
    await octokit.rest.issues.update({ ...place, issue_number, state: "closed" });
    const { data } = await octokit.rest.issues.get({ ...place, issue_number });
    expect(data).toMatchObject({ state: "closed", state_reason: "completed", comments: 1 });
    const all = await octokit.paginate(octokit.rest.issues.listComments, {
      ...place,
      issue_number,
      per_page: 1,
    });
    expect(all.map((one) => one.body)).toEqual(["two"]);
    const { events } = world.forge.issue(world.issue);
    expect(events.map(({ kind }) => kind)).toEqual(["labeled", "unlabeled", "closed"]);
  });

  it("throws for a missing alias and carries the rest of the data", async () => {
    const query = `{ here: repository(owner: "acme", name: "sum") { nameWithOwner }
      there: repository(owner: "acme", name: "gone") { nameWithOwner } }`;
    await expect(octokit.graphql(query)).rejects.toMatchObject({
      name: "GraphqlResponseError",
      data: { here: { nameWithOwner: "acme/sum" }, there: null },
      errors: [{ type: "NOT_FOUND", path: ["there"] }],
    });
  });

  it("reads a red check and its log, which follows the redirect", async () => {
    const ref = await world.push({ message: "Break it", files: BROKEN_SUM });
    await world.forge.settle();
    const { data } = await octokit.rest.checks.listForRef({ ...place, ref });
    const [run] = data.check_runs;
    expect(run).toMatchObject({ name: "test", conclusion: "failure" });
    const log = await octokit.rest.actions.downloadJobLogsForWorkflowRun({
      ...place,
      job_id: run?.id ?? 0,
    });
    expect(String(log.data)).toContain("-1 !== 3");
    const activity = await octokit.rest.repos.listActivities(place);
    expect(activity.data[0]?.after).toBe(ref);
  });
});
