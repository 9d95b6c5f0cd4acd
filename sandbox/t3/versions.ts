/**
 * What differs between the T3 versions, as far as a client over HTTP can tell. A step that was
 * recorded at both ends only is taken with the newer end.
 */
export type T3Behaviour = {
  /** `/shell` and one thread's detail; without them both are unknown paths. From 0.0.29. */
  readonly hasThreadReads: boolean;
  /** The last turns of a thread's detail. From 0.0.32. */
  readonly hasTurnLimit: boolean;
  /** `/snapshot`; without it an unknown path. Until the orchestration's second version. */
  readonly hasSnapshot: boolean;
  /** `/dispatch` over HTTP. Until the orchestration's second version. */
  readonly hasDispatch: boolean;
  /** The snapshot shows messages, activities and checkpoints. Until 0.0.31. */
  readonly hasSnapshotContents: boolean;
  /** A turn stays `running` as long as its session; 0.0.27 completes it at its first words. */
  readonly settlesWithSession: boolean;
  /** A message into a running turn steers it; 0.0.27 closes the turn and opens another. */
  readonly steers: boolean;
  /** The latest turn outlives its session's rest; until 0.0.31 it is null up to a checkpoint. */
  readonly keepsTurnAtRest: boolean;
  /** `starting` stays until the turn starts; before 0.0.29 the session shows `ready`. */
  readonly keepsStarting: boolean;
  /** The server's clock stamps what a client sends; before 0.0.29 the client's does. */
  readonly stampsTime: boolean;
  /** One project per folder, the mode `auto`, settling. From 0.0.29. */
  readonly hasSettling: boolean;
  /** The context window is reported at the first words; 0.0.27 does it at a regular end. */
  readonly reportsAtFirstWords: boolean;
  /** A start that the provider refuses shows as a session error; 0.0.27 shows `ready` or nothing. */
  readonly showsRefusedStart: boolean;
  /** A command id that was accepted for another thread or project is a conflict. */
  readonly checksCommandOwner: boolean;
  /** A restarted server ends the turns that it finds running; without it they run for ever. */
  readonly reconcilesAtStart: boolean;
  /** A body that is not JSON: 400, on 0.0.27 500. */
  readonly malformedJsonStatus: 400 | 500;
  readonly compresses: boolean;
};

/** The newest version whose behaviour was recorded. */
export const NEWEST_VERSION = "0.0.33";

/** The behaviour of a version `major.minor.patch`; from 0.1 on it is the announced second one. */
export function behaviourOf(version: string): T3Behaviour {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  if (Number.isNaN(major + minor + patch)) {
    throw new Error(`the sandbox's T3 version "${version}" is not like ${NEWEST_VERSION}`);
  }
  const isSecond = major > 0 || minor > 0;
  const since = (first: number) => isSecond || patch >= first;
  return {
    hasThreadReads: since(29),
    hasTurnLimit: since(32),
    hasSnapshot: !isSecond,
    hasDispatch: !isSecond,
    hasSnapshotContents: !since(32),
    settlesWithSession: since(28),
    steers: since(28),
    keepsTurnAtRest: since(32),
    keepsStarting: since(29),
    stampsTime: since(29),
    hasSettling: since(29),
    reportsAtFirstWords: since(28),
    showsRefusedStart: since(28),
    checksCommandOwner: since(33),
    reconcilesAtStart: since(33),
    malformedJsonStatus: since(28) ? 400 : 500,
    compresses: since(28),
  };
}
