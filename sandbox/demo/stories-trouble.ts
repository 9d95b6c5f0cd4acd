import type { Stage, Story } from "./story.ts";

const DONE = { verdict: "done", because: "green" } as const;

/** How long the doorbell stays down once it was tried in vain. */
const DOWN_TRIES = 2;

/** The stories in which a service fails. They come last, because what fails there fails for every run. */
export const troubleStories: readonly Story[] = [
  {
    name: "restart",
    scene: 2,
    tells: "T3 restarted in the middle of a turn: the same run, one more attempt",
    repo: "acme/maps",
    title: "Show the nearest shop first",
    script: "slow",
    expected: { ...DONE, turns: ["first"] },
    play: async ({ world, until, record, isTurnRunning }) => {
      await until("its turn runs", isTurnRunning);
      await world.t3.restart({ lose: "turns" });
      await until("the turn was asked for again", () => record()?.turns.at(-1)?.attempt === 1);
    },
    against: ({ record }) =>
      record()?.turns.at(-1)?.attempt === 1 ? [] : ["its turn was not asked for a second time"],
  },
  {
    name: "bell-down",
    scene: 2,
    tells: "the doorbell is down for a while and rings when it returns",
    repo: "acme/jobs",
    title: "Retry the nightly export",
    script: "blocked",
    expected: { verdict: "needs-human", because: "blocked", turns: ["first"] },
    play: breakTheBell,
    against: ({ log }) =>
      triesInVain(log) >= DOWN_TRIES ? [] : ["the doorbell was never tried in vain"],
  },
];

async function breakTheBell({ world, until, record, log }: Stage): Promise<void> {
  await until("its run begins", () => record() !== null);
  world.ntfy.setDown(true);
  await until("the doorbell was tried in vain", () => triesInVain(log) >= DOWN_TRIES);
  world.ntfy.setDown(false);
}

function triesInVain(log: Stage["log"]): number {
  return log().filter((line) => line.msg.startsWith("doorbell failed")).length;
}
