/** The process was told to end: no further effect starts, and those under way are waited for. */
export class TickStopped extends Error {
  constructor() {
    super("the process was told to end; no further effect is started and the next tick goes on");
    this.name = "TickStopped";
  }
}

/** What every effect passes through. */
export type StopGate = {
  /** Performs the effect, unless the gate is shut: then it throws `TickStopped`. */
  pass<R>(effect: () => Promise<R>): Promise<R>;
  /** Lets no further effect begin. */
  shut(): void;
  isShut(): boolean;
  /** Answers once no effect is under way. */
  idle(): Promise<void>;
};

/** Creates an open gate. */
export function createStopGate(): StopGate {
  const underWay = new Set<Promise<unknown>>();
  let isShut = false;
  return {
    pass: async (effect) => {
      if (isShut) throw new TickStopped();
      const running = effect();
      underWay.add(running);
      try {
        return await running;
      } finally {
        underWay.delete(running);
      }
    },
    shut: () => {
      isShut = true;
    },
    isShut: () => isShut,
    idle: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
