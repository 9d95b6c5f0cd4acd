import { describe, expect, it } from "vitest";
import { judgeVersion } from "../../../src/adapters/agent/t3-version.ts";

function abilities(serverVersion: string): readonly string[] {
  const version = judgeVersion(serverVersion);
  if (version.kind === "too-old") return ["too old"];
  return Object.entries(version.capabilities).flatMap(([name, has]) => (has ? [name] : []));
}

const AT_29 = ["threadRoute", "shell", "steering", "autoMode"];
const AT_32 = ["threadRoute", "shell", "turnLimit", "bodilessSnapshot", "steering", "autoMode"];

describe("a T3's version", () => {
  it.each([
    ["0.0.15", "too-old", ["too old"]],
    ["0.0.25", "too-old", ["too old"]],
    ["0.0.26", "tested", []],
    ["0.0.27", "tested", []],
    ["0.0.28", "tested", ["steering"]],
    ["0.0.29", "tested", AT_29],
    ["0.0.31", "tested", AT_29],
    ["0.0.32", "tested", AT_32],
    ["v0.0.33", "tested", AT_32],
    ["0.0.33-nightly.2", "tested", AT_32],
    ["0.0.34", "newer", [...AT_32, "noticesRestart"]],
    ["0.1.0", "newer", [...AT_32, "noticesRestart"]],
    ["1.0.0", "newer", [...AT_32, "noticesRestart"]],
    ["dev", "newer", [...AT_32, "noticesRestart"]],
  ])("%s is %s and can do what was found of it", (serverVersion, kind, can) => {
    expect(judgeVersion(serverVersion).kind).toBe(kind);
    expect(abilities(serverVersion)).toEqual(can);
  });
});
