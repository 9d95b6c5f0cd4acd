import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkRest } from "../../wire/openapi.ts";
import { publishedDescriptions } from "../../wire/wire-watch.ts";
import { BROKEN_SUM, rest, type SmallWorld, startSmallWorld } from "./small-world.ts";

const published = publishedDescriptions();

describe.skipIf(published === null)("REST answers beside the published description", () => {
  let world: SmallWorld;
  let sha = "";
  let runId = 0;
  let flowId = 0;
  beforeAll(async () => {
    world = await startSmallWorld();
    sha = await world.push({ message: "Break it", files: BROKEN_SUM });
    await world.forge.settle();
    runId = world.forge.checks(world.repo, sha)[0]?.id ?? 0;
    const flows = await rest(world, "GET actions/runs");
    flowId = flows.body.workflow_runs[0].id;
    world.forge.reportStatus(world.repo, { sha, context: "legacy", state: "success" });
    world.forge.addLabel(world.issue, "ready", "ada");
    world.forge.comment(world.issue, "one", "loop");
  });
  afterAll(() => world.close());

  const rows: ReadonlyArray<readonly [request: string, body: object | null]> = [
    ["GET /user", null],
    ["GET /repos/acme/sum", null],
    ["GET issues/1", null],
    ["PATCH issues/1", { state: "closed" }],
    ["GET issues/1/events", null],
    ["GET issues/1/comments", null],
    ["POST issues/1/comments", { body: "two" }],
    ["POST labels", { name: "fresh", color: "0e8a16", description: "New" }],
    ["GET issues/1/labels", null],
    ["POST issues/1/labels", { labels: ["more"] }],
    ["DELETE issues/1/labels/more", null],
    ["GET commits/SHA", null],
    ["GET commits/SHA/check-runs", null],
    ["GET check-runs/RUN", null],
    ["GET check-runs/RUN/annotations", null],
    ["GET commits/SHA/status", null],
    ["GET commits/SHA/statuses", null],
    ["GET actions/runs?head_sha=SHA", null],
    ["GET actions/runs/FLOW/jobs", null],
    ["GET collaborators/ada/permission", null],
    ["GET activity?ref=refs/heads/main&per_page=100", null],
    ["GET compare/SHA~1...SHA", null],
  ];

  it.each(rows)("%s has all that is described and nothing else", async (request, body) => {
    const asked = request
      .replaceAll("SHA", sha)
      .replaceAll("RUN", String(runId))
      .replaceAll("FLOW", String(flowId));
    const answer = await rest(world, asked, body === null ? {} : { body });
    expect([200, 201]).toContain(answer.status);
    const [method = "", path = ""] = asked.split(" ");
    const exchange = {
      method,
      path: path.startsWith("/") ? path : `/repos/${world.repo}/${path}`,
      status: answer.status,
      responseBody: answer.body,
      ...(body === null ? {} : { requestBody: body }),
    };
    expect(published === null ? [] : checkRest(published.rest, exchange)).toEqual([]);
  });
});
