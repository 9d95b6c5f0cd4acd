/** A planted bug: one line of the sources, said otherwise. Its target stands in the file exactly once. */
export type Mutant = {
  readonly name: string;
  /** Below `src`. */
  readonly file: string;
  readonly line: string;
  readonly becomes: string;
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: "the lock label goes on before anything is dispatched",
    file: "pure/dispatch-plan.ts",
    line: "steps.push(...labelSteps(input));",
    becomes: "steps.unshift(...labelSteps(input));",
  },
  {
    name: "the record is written after the turn was asked for",
    file: "pure/dispatch-plan.ts",
    line: "return { record, commentId: own?.commentId ?? null, steps };",
    becomes:
      'return { record, commentId: own?.commentId ?? null, steps: steps.toSorted((a, b) => Number(a.kind === "create-comment") - Number(b.kind === "create-comment")) };',
  },
  {
    name: "the lock label is taken off before the bells have rung",
    file: "loops/perform-finish.ts",
    line: "if (plan.isLabelled && isSettled && stepsFailed === 0) {",
    becomes: "if (plan.isLabelled) {",
  },
  {
    name: "a repeated attempt is not counted",
    file: "pure/rows-context.ts",
    line: "return { ordinal, attempt: again.attempt + 1, wasSeenEarlier, newestCommitAtAsk, isCounted };",
    becomes:
      "return { ordinal, attempt: again.attempt, wasSeenEarlier, newestCommitAtAsk, isCounted };",
  },
  {
    name: "any commit counts as the run's, with or without its trailer",
    file: "pure/run-commits.ts",
    line: ".filter((commit) => readTrailers(commit.message).runId === record.runId)",
    becomes: ".filter(() => true)",
  },
  {
    name: "another run's trailer counts as well",
    file: "pure/run-commits.ts",
    line: ".filter((commit) => readTrailers(commit.message).runId === record.runId)",
    becomes: ".filter((commit) => readTrailers(commit.message).runId !== null)",
  },
  {
    name: "the clock of the first red starts with the run",
    file: "pure/run-notes.ts",
    line: "const firstRed = record.firstRed ?? startClock(record.clocks, seen.now);",
    becomes: "const firstRed = record.firstRed ?? startClock(record.clocks, record.begunAt);",
  },
  {
    name: "whoever can label is trusted",
    file: "pure/trust.ts",
    line: 'return untrusted("whoever set the label may not write to the repo");',
    becomes: 'return { kind: "trusted" };',
  },
  {
    name: "an agent's account may approve",
    file: "pure/trust.ts",
    line: 'if (isAgent(actor, policy)) return untrusted("the label was set by an account agents use");',
    becomes: "",
  },
  {
    name: "text edited after the approval is dispatched",
    file: "pure/candidate.ts",
    line: "if (isEditedSince(issue, ready)) {",
    becomes: "if (isEditedSince(issue, ready) && issue.number === 0) {",
  },
  {
    name: "every approval of an issue is the same run",
    file: "pure/identity.ts",
    line: "const parts = [of.ref.repo.tracker, of.repoId, String(of.ref.number), of.approvalEventId];",
    becomes: "const parts = [of.ref.repo.tracker, of.repoId, String(of.ref.number)];",
  },
  {
    name: "a dispatch that was cut short is not finished",
    file: "pure/candidate.ts",
    line: 'if (ready === null || own?.kind !== "record") return null;',
    becomes: 'if (ready !== null || own?.kind !== "record") return null;',
  },
  {
    name: "live threads lock no repo",
    file: "pure/locks.ts",
    line: "return threadsOfRepo.filter(isLive).flatMap((thread) => {",
    becomes: "return threadsOfRepo.filter(() => false).flatMap((thread) => {",
  },
  {
    name: "two issues of one repo are dispatched in one tick",
    file: "pure/dispatch-policy.ts",
    line: "room.slots.set(repo, candidate);",
    becomes: "",
  },
  {
    name: "the capacity is not counted down",
    file: "pure/dispatch-policy.ts",
    line: "room.running += 1;",
    becomes: "",
  },
  {
    name: "what the agent did not declare as pushed is done",
    file: "pure/rows-context.ts",
    line: 'return hasDeclared ? { kind: "complete", newest } : { kind: "missing", what: "outcome" };',
    becomes: 'return { kind: "complete", newest };',
  },
  {
    name: "a ring is recorded before it rang",
    file: "loops/ring-bells.ts",
    line: "record = occasion.write(record, noteTry(occasion.read(record), name, deps.now()));",
    becomes: "record = occasion.write(record, noteRung(occasion.read(record), name, deps.now()));",
  },
  {
    name: "a ring is not recorded",
    file: "loops/ring-bells.ts",
    line: "record = occasion.write(record, noteRung(occasion.read(record), name, deps.now()));",
    becomes: "",
  },
  {
    name: "the kill switch is not heeded",
    file: "pure/gates.ts",
    line: 'return { kind: "disabled", because: "kill-switch", text: KILL_SWITCH_TEXT };',
    becomes: 'return { kind: "open" };',
  },
  {
    name: "a pause is ignored",
    file: "pure/run-state-machine.ts",
    line: "pauseRow(context) ??",
    becomes: "",
  },
  {
    name: "a person's closing of the issue is ignored",
    file: "pure/run-state-machine.ts",
    line: "brakeRow(context) ??",
    becomes: "",
  },
  {
    name: "a silent agent server is taken for an answer",
    file: "pure/run-state-machine.ts",
    line: "silenceRow(context) ??",
    becomes: "",
  },
  {
    name: "nudges are not counted",
    file: "pure/rows-end.ts",
    line: "if (spent < max) {",
    becomes: "if (spent <= max) {",
  },
  {
    name: "a notice is posted without a look for the one that stands",
    file: "pure/finish.ts",
    line: "if (isTold(record, seen)) return [];",
    becomes: "",
  },
  {
    name: "the progress comment is written in every tick",
    file: "loops/progress.ts",
    line: "if (isWritten(body)) return;",
    becomes: "",
  },
  {
    name: "a hold is said in every tick",
    file: "loops/poll-tick.ts",
    line: "if (notice === null || findHoldNotice(found.issue.ownComments.comments, notice) !== null) return;",
    becomes: "if (notice === null) return;",
  },
  {
    name: "one issue's failure stops the tick",
    file: "loops/poll-tick.ts",
    line: "if (endsTick(error)) break;",
    becomes: "break;",
  },
  {
    name: "one run's failure stops the tick",
    file: "loops/watch-tick.ts",
    line: 'deps.log.error({ issue: issueKey(observed.issue.ref), runId, err: error }, "run failed");',
    becomes: "throw error;",
  },
  {
    name: "a newer approval is taken away with the old one",
    file: "pure/finish.ts",
    line: "if (approved?.id !== record.approval.eventId || !hasLabel(issue, policy.labels.ready)) return [];",
    becomes: "if (approved === null || !hasLabel(issue, policy.labels.ready)) return [];",
  },
  {
    name: "a commit that left the branch is not missed",
    file: "pure/rows-end.ts",
    line: 'if (commits.kind === "unreadable" || commits.vanished.length === 0) return null;',
    becomes:
      'if (commits.kind !== "unreadable") return null; if (commits.kind === "unreadable") return null;',
  },
  {
    name: "a doorbell rings for what a person stopped",
    file: "pure/finish.ts",
    line: 'const ringing = record.verdict.kind === "cancelled" ? [] : policy.notifiers;',
    becomes: "const ringing = policy.notifiers;",
  },
  {
    name: "the lease is not asked before an effect",
    file: "loops/guard.ts",
    line: "if (!(await lease.isHeld())) throw new LeaseLost();",
    becomes: "await lease.isHeld();",
  },
  {
    name: "an issue is dispatched on what was read before, not on a fresh reading",
    file: "loops/perform-answer.ts",
    line: "if (again === undefined || found === null || !isSameActing(again.decision, decision)) {",
    becomes: "if (again === undefined || found === null) {",
  },
  {
    name: "the agent is not stopped when a person cancels",
    file: "pure/finish.ts",
    line: 'if (seen.thread.kind !== "seen" || !seen.thread.isLive || turn === null) return null;',
    becomes: 'if (turn !== null) return null; if (seen.thread.kind !== "seen") return null;',
  },
  {
    name: "the issue of a failed run is not handed over",
    file: "pure/finish.ts",
    line: "...humanSteps(record, issue, policy),",
    becomes: "",
  },
  {
    name: "deleted and archived threads lead to no issue",
    file: "pure/run-subjects.ts",
    line: 'if (thread.presence === "active" && isLive(thread)) return true;',
    becomes: 'if (thread.presence !== "active") return false; if (isLive(thread)) return true;',
  },
  {
    name: "a turn is asked for although a person has the issue",
    file: "pure/rows-context.ts",
    line: "if (isTakenOver(context)) return waitForHandBack(context, row);",
    becomes: "",
  },
  {
    name: "what a finished run still notes is no decision",
    file: "loops/watch-tick.ts",
    line: "if (isOver(decision) && !run.progress.isDue(decision.record)) return;",
    becomes: "if (isOver(decision)) return;",
  },
  {
    name: "the first turn is asked for beside a person's",
    file: "pure/candidate.ts",
    line: 'if (read?.kind !== "read" || !isLive(read.detail) || isTurnAskedFor(read)) return null;',
    becomes: "if (read !== undefined || read === undefined) return null;",
  },
  {
    name: "a doorbell rings again although nothing can be noted",
    file: "loops/ring-bells.ts",
    line: "if (isTriedBefore) await run.progress.confirm(record);",
    becomes: "if (isTriedBefore) await run.progress.save(record);",
  },
  {
    name: "a kill switch that is not set lets ticks run",
    file: "pure/gates.ts",
    line: 'if (killSwitch !== "off") {',
    becomes: 'if (killSwitch === "on") {',
  },
  {
    name: "an allowlist of blanks and commas is taken for one of repos",
    file: "pure/gates.ts",
    line: 'if (splitList(env["AFK_ALLOWLIST"]).length === 0) {',
    becomes: 'if ((env["AFK_ALLOWLIST"] ?? "") === "") {',
  },
  {
    name: "the lock label locks no repo",
    file: "pure/locks.ts",
    line: "if (isLabelled && !hasLabel(issue, labels.human) && !isConcluded) {",
    becomes: "if (isLabelled && hasLabel(issue, labels.human) && !isConcluded) {",
  },
  {
    name: "a reopening before the verdict keeps the issue of a done run open",
    file: "pure/finish.ts",
    line: "isSince(record.verdict, event.at)",
    becomes: 'event.at !== ""',
  },
  {
    name: "a lost turn is asked for once more than allowed",
    file: "pure/rows-context.ts",
    line: "return context.record.isRebuilt ? 0 : context.policy.limits.redispatchAttemptsMax;",
    becomes:
      "return context.record.isRebuilt ? 0 : context.policy.limits.redispatchAttemptsMax + 1;",
  },
  {
    name: "a doorbell is given up long before its time",
    file: "pure/bells.ts",
    line: 'const isOver = bell.state === "trying" && clock.now - bell.firstTryAt > clock.notifyMsMax;',
    becomes: 'const isOver = bell.state === "trying" && clock.now > bell.firstTryAt;',
  },
  {
    name: "a pause waits for the agent instead of interrupting it",
    file: "pure/rows-brakes.ts",
    line: "if (turn.end !== null || isAsked || !isThreadLive(context)) {",
    becomes: "if (turn.end !== null || isAsked || isThreadLive(context)) {",
  },
  {
    name: "a cancelled check counts as a green one",
    file: "pure/ci-fold.ts",
    line: 'if (inStates(current, ["cancelled", "stale"]).length > 0) return { kind: "inconclusive" };',
    becomes: 'if (inStates(current, ["cancelled", "stale"]).length > 0) return { kind: "green" };',
  },
  {
    name: "checks that cannot be read count as none",
    file: "pure/ci-judge.ts",
    line: 'if (seen.kind === "unreadable") return seen;',
    becomes:
      'if (seen.kind === "unreadable") return { kind: "folded", sha: seen.sha, checks: [], verdict: { kind: "none" }, requiresNothing: false };',
  },
  {
    name: "whoever can push deploys",
    file: "pure/deployments.ts",
    line: "creators === undefined || (creatorId !== null && creators.includes(creatorId)),",
    becomes: "creators === undefined || creatorId !== null,",
  },
  {
    name: "a red deployment hides a green one after it",
    file: "pure/deployments.ts",
    line: 'const found = first("green") ?? first("red", "pending") ?? first("inconclusive");',
    becomes: 'const found = first("red") ?? first("green", "pending") ?? first("inconclusive");',
  },
  {
    name: "deployments are never looked at",
    file: "pure/ci-stages.ts",
    line: 'if (policy.deploy === undefined || ci.kind !== "judged") return false;',
    becomes: 'if (policy.deploy !== undefined || ci.kind !== "judged") return false;',
  },
  {
    name: "a rollout counts, whatever commit it carries",
    file: "pure/rollout.ts",
    line: "const sha = line.find((each) => seen.carried.some((carried) => isSameCommit(each, carried)));",
    becomes: "const sha = line.find(() => seen.carried.length > 0);",
  },
  {
    name: "a deployment that does not come is no CI at all",
    file: "pure/ci-stages.ts",
    line: 'const isWaitedFor = isSilent && open.name !== "build";',
    becomes: 'const isWaitedFor = isSilent && open.name === "build";',
  },
  {
    name: "a stop ends other people's turns too",
    file: "loops/stop.ts",
    line: "return thread.workspaceRoot.toLowerCase().startsWith(root);",
    becomes: "return root.length > 0;",
  },
  {
    name: "a stop of one issue ends all turns",
    file: "loops/stop.ts",
    line: "name.issueNumber === number && repoOfThread(thread, [repo], deps.workspacesRoot) !== null",
    becomes: "name.issueNumber === number && repo.name.length > 0",
  },
  {
    name: "a stop asks for nothing but interrupts",
    file: "loops/stop.ts",
    line: 'for (const verb of ["interruptTurn", "stopSession"] as const) {',
    becomes: 'for (const verb of ["interruptTurn", "interruptTurn"] as const) {',
  },
  {
    name: "what mends the run's own commit costs no attempt",
    file: "pure/rows-ci.ts",
    line: "const isCounted = ci.isOwnHead || isOwnRed;",
    becomes: "const isCounted = !ci.isOwnHead && isOwnRed;",
  },
];
