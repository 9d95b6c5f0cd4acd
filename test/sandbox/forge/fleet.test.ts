import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runGit } from "../../../sandbox/forge/git.ts";
import { ask, type SmallWorld, startSmallWorld } from "./small-world.ts";

async function headOf(world: SmallWorld, name: string): Promise<string> {
  const query = `{ repository(owner: "acme", name: "${name}") {
    defaultBranchRef { target { oid } }
  } }`;
  return (await ask(world, query)).data?.["repository"].defaultBranchRef.target.oid;
}

describe("a copied repo", () => {
  let world: SmallWorld;
  let gitDir = "";
  beforeAll(async () => {
    world = await startSmallWorld();
    const permissions = { ada: "admin" } as const;
    const copy = { owner: "acme", name: "copy", files: {}, copyOf: world.repo, permissions };
    gitDir = new URL((await world.forge.createRepo(copy)).cloneUrl).pathname;
  });
  afterAll(() => world.close());

  it("begins where the other one is, and each goes on alone", async () => {
    const before = await headOf(world, "sum");
    expect(await headOf(world, "copy")).toBe(before);
    const pushed = await world.push({ message: "More", files: {} });
    expect(await headOf(world, "sum")).toBe(pushed);
    expect(await headOf(world, "copy")).toBe(before);
  });

  it("is read alike when its refs are packed", async () => {
    const before = await headOf(world, "copy");
    await runGit(gitDir, ["pack-refs", "--all"]);
    expect(await headOf(world, "copy")).toBe(before);
  });
});
