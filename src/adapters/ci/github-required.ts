import * as z from "zod";
import type { RequiredCheck } from "../../pure/ci-fold.ts";
import type { RepoRef } from "../../pure/issue.ts";
import { type AliasAnswer, askRepos, type Part, readShape } from "../tracker/github-ask.ts";
import type { GithubClient, GraphqlError } from "../tracker/github-client.ts";
import { DatabaseId } from "../tracker/github-wire.ts";

/** One small connection per repo: as many as GitHub answers well within its ten seconds. */
const REPOS_PER_QUERY_MAX = 25;
/** GitHub's own largest page; a branch under more rules than that is read by nobody. */
const RULES_PAGE_SIZE = 100;

const Context = z.lazy(() =>
  z.object({
    context: z.string(),
    app: z.object({ databaseId: DatabaseId.nullable() }).nullable(),
  }),
);
const RuleWire = z.lazy(() =>
  z.object({
    type: z.string(),
    parameters: z
      .object({
        requiredStatusChecks: z
          .array(z.object({ context: z.string(), integrationId: DatabaseId.nullable() }))
          .optional(),
      })
      .nullable(),
  }),
);
const RefWire = z.lazy(() =>
  z.object({
    ref: z
      .object({
        branchProtectionRule: z
          .object({
            requiresStatusChecks: z.boolean(),
            requiredStatusChecks: z.array(Context).nullable(),
          })
          .nullable(),
        refUpdateRule: z
          .object({ requiredStatusCheckContexts: z.array(z.string().nullable()).nullable() })
          .nullable(),
        rules: z
          .object({ pageInfo: z.object({ hasNextPage: z.boolean() }), nodes: z.array(RuleWire) })
          .nullable(),
      })
      .nullable(),
  }),
);
type Ref = NonNullable<z.infer<typeof RefWire>["ref"]>;

/** A branch whose required checks are asked for. */
export type BranchAsked = { readonly repo: RepoRef; readonly branch: string };

/** The checks each branch requires, by its protection and by rulesets, in the order asked. Never throws. */
export async function readRequired(
  client: GithubClient,
  branches: readonly BranchAsked[],
): Promise<readonly Part<readonly RequiredCheck[]>[]> {
  const answers = await askRepos(client, branches, {
    operation: "RequiredChecks",
    batchMax: REPOS_PER_QUERY_MAX,
    select: ({ branch }, n) => ({
      selection: `ref(qualifiedName: $ref${n}) {
        branchProtectionRule {
          requiresStatusChecks
          requiredStatusChecks { context app { databaseId } }
        }
        refUpdateRule { requiredStatusCheckContexts }
        rules(first: ${RULES_PAGE_SIZE}) {
          pageInfo { hasNextPage }
          nodes {
            type
            parameters { ... on RequiredStatusChecksParameters {
              requiredStatusChecks { context integrationId }
            } }
          }
        }
      }`,
      variables: { [`ref${n}`]: { type: "String!", value: `refs/heads/${branch}` } },
    }),
  });
  return branches.map((asked, at) => toRequired(asked, answers[at]));
}

function toRequired(
  { branch }: BranchAsked,
  answer: AliasAnswer | undefined,
): Part<readonly RequiredCheck[]> {
  if (answer === undefined) return unreadable("no answer");
  if (answer.kind === "failed") return unreadable(answer.why);
  const error = answer.errors.find((each) => !isHiddenProtection(each));
  if (error !== undefined) return unreadable(error.message);
  const part = readShape(answer.value, RefWire);
  if (part.kind === "unreadable") return part;
  const { ref } = part.value;
  if (ref === null) return unreadable(`the repo has no branch ${branch}`);
  if (ref.rules?.pageInfo.hasNextPage === true) {
    return unreadable(`truncated: more than ${RULES_PAGE_SIZE} rules on ${branch}`);
  }
  return withRules(ref);
}

/** Who may not administer a repo is told of its protection by `refUpdateRule` only. */
function isHiddenProtection({ path }: GraphqlError): boolean {
  return path?.includes("branchProtectionRule") === true;
}

function withRules(ref: Ref): Part<readonly RequiredCheck[]> {
  const value: RequiredCheck[] = [...protectedBy(ref)];
  for (const { type, parameters } of ref.rules?.nodes ?? []) {
    if (type === "WORKFLOWS") {
      return unreadable("a ruleset requires workflows, whose checks it does not name");
    }
    if (type !== "REQUIRED_STATUS_CHECKS") continue;
    if (parameters?.requiredStatusChecks === undefined) {
      return unreadable("a rule about required checks does not name them");
    }
    for (const { context, integrationId } of parameters.requiredStatusChecks) {
      value.push({ context, appId: integrationId });
    }
  }
  return { kind: "read", value };
}

function protectedBy({ branchProtectionRule, refUpdateRule }: Ref): readonly RequiredCheck[] {
  if (branchProtectionRule !== null) {
    if (!branchProtectionRule.requiresStatusChecks) return [];
    const named = branchProtectionRule.requiredStatusChecks ?? [];
    return named.map(({ context, app }) => ({ context, appId: app?.databaseId ?? null }));
  }
  const contexts = refUpdateRule?.requiredStatusCheckContexts ?? [];
  return contexts.flatMap((context) => (context === null ? [] : [{ context, appId: null }]));
}

function unreadable(why: string): { readonly kind: "unreadable"; readonly why: string } {
  return { kind: "unreadable", why: `required checks: ${why}` };
}
