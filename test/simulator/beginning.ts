import { issueKey } from "../../src/pure/issue.ts";
import { policyFor, ROBOT, World } from "../loops/world.ts";
import type { Scenario } from "./moves.ts";

/** The world that a scenario begins with. */
export function begin(scenario: Scenario): World {
  const { attempts } = scenario;
  const world = new World({
    repos: scenario.repos,
    notifiers: scenario.bells,
    skewMs: scenario.skewMs,
    agent: { interruptEndsAs: scenario.interruptEndsAs, obedience: scenario.obedience },
    limits: {
      runsMax: scenario.runsMax,
      fixForwardAttemptsMax: attempts.fixForward,
      nudgeAttemptsMax: attempts.nudge,
      redispatchAttemptsMax: attempts.redispatch,
    },
  });
  for (const repo of scenario.repos) policyFor(world, repo, scenario.policy);
  for (const repo of world.settings.repos) {
    // Agents push: what holds their labels back is not what they may do.
    if (ROBOT.kind === "account") world.tracker.setPermission(repo, ROBOT.id, "write");
  }
  for (const repo of scenario.issues) {
    const ref = world.readyIssue(repo, `Add greeting ${world.issues.length + 1}`);
    if (ref.number > 1000) throw new Error(issueKey(ref));
    world.advance(1000);
  }
  return world;
}
