import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROKEN_SUM, rest, type SmallWorld, startSmallWorld } from "./small-world.ts";

const published = new URL("../../../../shared/schemas/github-openapi-subset.json", import.meta.url);
const isThere = existsSync(published);
const api: any = isThere ? JSON.parse(readFileSync(published, "utf8")) : {};

function resolve(schema: any): any {
  const name = schema?.$ref?.split("/").at(-1);
  return name === undefined ? schema : resolve(api.components.schemas[name]);
}

/** Where a value has what the document does not know, or has otherwise: `labels/0/size`. */
function strange(value: unknown, wanted: any, path = ""): readonly string[] {
  const schema = resolve(wanted);
  const variants = schema?.oneOf ?? schema?.anyOf ?? schema?.allOf;
  if (variants !== undefined) {
    if (value === null && schema.nullable === true) return [];
    const found = variants.map((one: any) => strange(value, one, path));
    return found.find((one: readonly string[]) => one.length === 0) ?? found[0];
  }
  if (value === null) return schema?.nullable === true ? [] : [`${path} is null`];
  if (Array.isArray(value)) {
    if (schema.type !== "array") return [`${path} is a list`];
    return value.flatMap((one, index) => strange(one, schema.items, `${path}/${index}`));
  }
  if (typeof value === "object" && value !== undefined) {
    return Object.entries(value).flatMap(([key, inner]) => {
      const property = schema.properties?.[key];
      return property === undefined
        ? [`${path}/${key} is unknown`]
        : strange(inner, property, `${path}/${key}`);
    });
  }
  const type = typeof value === "number" ? ["integer", "number"] : [typeof value];
  return type.includes(schema.type) ? [] : [`${path} is a ${typeof value}`];
}

describe.skipIf(!isThere)("REST answers beside the published description", () => {
  let world: SmallWorld;
  let sha = "";
  let runId = 0;
  beforeAll(async () => {
    world = await startSmallWorld();
    sha = await world.push({ message: "Break it", files: BROKEN_SUM });
    await world.forge.settle();
    runId = world.forge.checks(world.repo, sha)[0]?.id ?? 0;
    world.forge.reportStatus(world.repo, { sha, context: "legacy", state: "success" });
    world.forge.addLabel(world.issue, "ready", "ada");
    world.forge.comment(world.issue, "one", "loop");
  });
  afterAll(() => world.close());

  const rows: ReadonlyArray<readonly [request: string, path: string, body: object | null]> = [
    ["GET issues/1", "issues/{issue_number}", null],
    ["PATCH issues/1", "issues/{issue_number}", { state: "closed" }],
    ["GET issues/1/comments", "issues/{issue_number}/comments", null],
    ["POST issues/1/comments", "issues/{issue_number}/comments", { body: "two" }],
    ["GET issues/1/labels", "issues/{issue_number}/labels", null],
    ["POST issues/1/labels", "issues/{issue_number}/labels", { labels: ["more"] }],
    ["DELETE issues/1/labels/more", "issues/{issue_number}/labels/{name}", null],
    ["GET commits/SHA/check-runs", "commits/{ref}/check-runs", null],
    ["GET check-runs/RUN", "check-runs/{check_run_id}", null],
    ["GET check-runs/RUN/annotations", "check-runs/{check_run_id}/annotations", null],
    ["GET commits/SHA/status", "commits/{ref}/status", null],
    ["GET collaborators/ada/permission", "collaborators/{username}/permission", null],
    ["GET activity", "activity", null],
    ["GET compare/SHA~1...SHA", "compare/{basehead}", null],
  ];

  it.each(rows)("%s has nothing that is not described", async (request, path, body) => {
    const asked = request.replaceAll("SHA", sha).replaceAll("RUN", String(runId));
    const answer = await rest(world, asked, body === null ? {} : { body });
    expect([200, 201]).toContain(answer.status);
    const method = request.split(" ")[0]?.toLowerCase() ?? "";
    const described = api.paths[`/repos/{owner}/{repo}/${path}`]?.[method];
    const schema = described?.responses[answer.status]?.content["application/json"].schema;
    expect(schema).toBeDefined();
    expect(strange(answer.body, schema)).toEqual([]);
  });
});
