import type { DeploymentReport, Requirement } from "./model.ts";
import { needAccount, needRepo, type World } from "./world.ts";

/** What others than the API's users do about deployments, rules and what a token may read. */
export type DeliveryHands = {
  /** A deployment as it is created; answers its id. It takes the place of none before it succeeds. */
  createDeployment(
    repo: string,
    wish: { readonly sha: string; readonly environment: string; readonly by: string },
  ): number;
  /** A status of a deployment. A success makes the ones it takes the place of inactive. */
  reportDeployment(
    repo: string,
    id: number,
    report: {
      readonly state: DeploymentReport["state"];
      readonly description?: string;
      readonly logUrl?: string;
    },
  ): void;
  /** What the default branch requires, by its protection or by a ruleset. */
  requireChecks(repo: string, by: "protection" | "ruleset", required: readonly Requirement[]): void;
  /** From now on an account's token is a fine-grained one, which cannot read checks. */
  makeFineGrained(login: string): void;
};

/** Makes the hands that deliver and rule. */
export function createDeliveryHands(world: World): DeliveryHands {
  const report = (
    repo: string,
    id: number,
    { state, description, logUrl }: Parameters<DeliveryHands["reportDeployment"]>[2],
  ): void => {
    const found = needRepo(world, repo).deployments.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no deployment ${id} in ${repo}`);
    const said = { description: description ?? null, logUrl: logUrl ?? null };
    found.reports.push({ ...world.identify("DES"), state, at: world.now(), ...said });
  };
  return {
    createDeployment(repo, { sha, environment, by }) {
      const creator = needAccount(world, by);
      const named = { ...world.identify("DE"), sha, environment, creator };
      const deployment = { ...named, createdAt: world.now(), reports: [] };
      needRepo(world, repo).deployments.push(deployment);
      return deployment.id;
    },
    reportDeployment(repo, id, said) {
      report(repo, id, said);
      if (said.state !== "SUCCESS") return;
      const all = needRepo(world, repo).deployments;
      const environment = all.find((one) => one.id === id)?.environment;
      for (const one of all) {
        if (one.environment !== environment || one.id === id) continue;
        if (one.reports.at(-1)?.state === "SUCCESS") report(repo, one.id, { state: "INACTIVE" });
      }
    },
    requireChecks(repo, by, required) {
      needRepo(world, repo).requirements[by] = required;
    },
    makeFineGrained(login) {
      needAccount(world, login).isFineGrained = true;
    },
  };
}
