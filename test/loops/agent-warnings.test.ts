import { describe, expect, it } from "vitest";
import { sayAgentWarnings } from "../../src/loops/agent-warnings.ts";
import type { AgentSeen } from "../../src/pure/thread.ts";
import { World } from "./world.ts";

function said(agent: AgentSeen): readonly unknown[] {
  const lines: unknown[] = [];
  const ignore = () => {};
  const log = { info: ignore, error: ignore, warn: (fields: object) => lines.push(fields) };
  sayAgentWarnings({ log }, agent);
  return lines;
}

describe("the agent server's warnings", () => {
  const readable = { kind: "readable", environmentId: "e", projects: [], threads: [] } as const;

  it("are a line each", () => {
    const agent = { ...readable, warnings: ["it expires", "it is old"] };
    expect(said(agent)).toEqual([{ warning: "it expires" }, { warning: "it is old" }]);
  });

  it("are none where none are told, or nothing is", () => {
    expect(said(readable)).toEqual([]);
    expect(said({ kind: "unreadable", why: "down" })).toEqual([]);
  });

  it.each(["poll", "watch"] as const)("are said once by each tick: %s", async (tick) => {
    const world = new World({ repos: ["a"] });
    world.readyIssue("a");
    const observe = world.agent.observe.bind(world.agent);
    world.agent.observe = async () => ({ ...(await observe()), warnings: ["it expires"] });
    await world[tick]();
    const lines = world.logs("agent server warns");
    expect(lines.map(({ level, fields }) => [level, fields])).toEqual([
      ["warn", { warning: "it expires" }],
    ]);
  });
});
