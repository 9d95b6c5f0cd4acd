import * as nodeFs from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Lease } from "../../pure/ports/lease.ts";
import { uniqueToken } from "../crypto.ts";

/** The file system calls a file lease needs; `node:fs/promises` has them. */
export type LeaseFs = Pick<
  typeof nodeFs,
  "mkdir" | "readdir" | "readFile" | "stat" | "unlink" | "writeFile"
>;

export type FileLeaseOptions = {
  /** A folder of the lease's own, on a local disk; created when missing. */
  readonly path: string;
  /** What others are told of us: host and process. */
  readonly holder: string;
  readonly ttlMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly fs?: LeaseFs;
  /** Lets a killed holder be told from a busy one; without it a lease stands until it expires. */
  readonly process?: LeaseProcess;
};

/** A process, and how to tell whether another one is still there. */
export type LeaseProcess = {
  readonly id: number;
  /** Names the process table that ids of processes belong to: two that share it mean the same process. */
  readonly scope: string;
  readonly isAlive: (id: number) => boolean;
};

type Acquired = Awaited<ReturnType<Lease["acquire"]>>;

type Contender = FileLeaseOptions & { readonly fs: LeaseFs; readonly token: string };

/** The newest record of the folder. `endsAt` is when its lease is over. */
type Newest = {
  readonly generation: number;
  readonly token: string | null;
  readonly holder: string;
  readonly endsAt: number;
  readonly process: { readonly id: number; readonly scope: string } | null;
};

const Record = z.lazy(() =>
  z.object({
    holder: z.string(),
    token: z.string(),
    expiresAt: z.number(),
    process: z.object({ id: z.number().int().positive(), scope: z.string() }).optional(),
  }),
);

// Not a token anybody has.
const NOBODY = "";

const GENERATION = /^[1-9]\d{0,14}$/;

// Each round that fails means that another process moved on in between; after so many, whoever is so busy
// with the lease has it.
const ROUNDS_MAX = 5;

// A record may be deleted once its successor has been over for this long. A listing of the folder that takes
// less cannot miss the newest record, and no listing of a few dozen names takes a minute.
const RETENTION_MS = 60_000;

// More than the two records a tick leaves behind, so that a backlog shrinks; few enough for a tick to afford.
const DELETIONS_MAX = 100;

/**
 * A lease between the processes of one machine, kept as a folder of numbered records. The record of the highest
 * number counts, and every change (taking, renewing, giving back) is the exclusive creation of the next number:
 * of any number of contenders that saw the same newest record, one succeeds. Nothing is ever overwritten, so a
 * process may die between any two steps; at worst its record stands until it expires, and where processes can be
 * told apart not even that long. An unreadable record counts as held until `ttlMs` after its file was written.
 */
export function createFileLease(options: FileLeaseOptions): Lease {
  // A holder's name may come again, as process ids do; a token never does.
  const me: Contender = { fs: nodeFs, ...options, token: uniqueToken() };
  let last: Promise<unknown> = Promise.resolve();
  /** One call after the other: a renewal must not be mistaken for a rival by a call beside it. */
  function inTurn<Answer>(ask: (me: Contender) => Promise<Answer>): Promise<Answer> {
    const answer = last.then(
      () => telling(me, ask),
      () => telling(me, ask),
    );
    last = answer;
    return answer;
  }
  return {
    acquire: () => inTurn(acquire),
    isHeld: () => inTurn(isHeld),
    release: () => inTurn(release),
  };
}

/** Who has the lease of a folder now, without touching it; null when nobody has. */
export async function peekFileLease(
  options: Omit<FileLeaseOptions, "holder">,
): Promise<string | null> {
  const me: Contender = { fs: nodeFs, ...options, holder: "", token: NOBODY };
  const newest = await telling(me, readNewest);
  return newest !== null && isStanding(me, newest) ? newest.holder : null;
}

async function telling<Answer>(
  me: Contender,
  ask: (me: Contender) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask(me);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const mend = "it must be a folder on a local disk that this process may read and write";
    throw new Error(`lease ${me.path} cannot be told: ${why}; ${mend}`, { cause });
  }
}

async function acquire(me: Contender): Promise<Acquired> {
  await me.fs.mkdir(me.path, { recursive: true });
  await deleteSuperseded(me);
  let holder = "another process";
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const newest = await readNewest(me);
    if (newest !== null && newest.token !== me.token && isStanding(me, newest)) {
      return { kind: "held-elsewhere", holder: newest.holder };
    }
    if (await append(me, (newest?.generation ?? 0) + 1)) return { kind: "acquired" };
    holder = newest?.holder ?? holder;
  }
  return { kind: "held-elsewhere", holder };
}

/** A lease stands until it is over, or its holder is known to have died. A used-up process id only delays. */
function isStanding(me: Contender, newest: Newest): boolean {
  if (me.now() >= newest.endsAt) return false;
  if (newest.process === null || newest.process.scope !== me.process?.scope) return true;
  return me.process.isAlive(newest.process.id);
}

/** While our record is the newest nobody took the lease, even if it is over: then it is taken anew. */
async function isHeld(me: Contender): Promise<boolean> {
  const newest = await readNewest(me);
  if (newest === null || newest.token !== me.token) return false;
  const leftMs = newest.endsAt - me.now();
  if (leftMs * 2 >= me.ttlMs) return true;
  return append(me, newest.generation + 1);
}

async function release(me: Contender): Promise<void> {
  const newest = await readNewest(me);
  if (newest === null || newest.token !== me.token) return;
  // A record that is over at once, not a deletion: the highest number must never come again. It is nobody's,
  // or who gave the lease back would take it for a lease of its own that ran out.
  await create({ ...me, token: NOBODY }, newest.generation + 1, me.now());
}

/** Takes the lease as the record of this number. False when another process was faster. */
async function append(me: Contender, generation: number): Promise<boolean> {
  const expiresAt = me.now() + me.ttlMs;
  if (!(await create(me, generation, expiresAt))) return false;
  // This process may have slept since it read the newest record, and the numbers that followed may have been
  // deleted, ours among them: then a higher one is there.
  const isNewest = (await listGenerations(me)).at(-1) === generation;
  if (!isNewest) await unlinkIfThere(me, generation);
  return isNewest && me.now() < expiresAt;
}

async function create(me: Contender, generation: number, expiresAt: number): Promise<boolean> {
  const { holder, token, process } = me;
  const ours = process === undefined ? {} : { process: { id: process.id, scope: process.scope } };
  const record: z.infer<typeof Record> = { holder, token, expiresAt, ...ours };
  try {
    // Others may see the file before its content: an unreadable record, which counts as held.
    await me.fs.writeFile(fileOf(me, generation), JSON.stringify(record), { flag: "wx" });
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function readNewest(me: Contender): Promise<Newest | null> {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const generation = (await listGenerations(me)).at(-1);
    if (generation === undefined) return null;
    const record = await read(me, generation);
    if (record !== null) return record;
  }
  throw new Error("its records vanish while they are read");
}

/** One record; null when it is no longer there. */
async function read(me: Contender, generation: number): Promise<Newest | null> {
  const file = fileOf(me, generation);
  try {
    const record = parse(await me.fs.readFile(file, "utf8"));
    if (record !== null) {
      const { token, holder, expiresAt, process = null } = record;
      return { generation, token, holder, endsAt: expiresAt, process };
    }
    const { mtimeMs } = await me.fs.stat(file);
    const endsAt = mtimeMs + me.ttlMs;
    return { generation, token: null, holder: `unreadable ${file}`, endsAt, process: null };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

function parse(text: string): z.infer<typeof Record> | null {
  try {
    return Record.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

async function deleteSuperseded(me: Contender): Promise<void> {
  const generations = await listGenerations(me);
  for (const [at, generation] of generations.slice(0, DELETIONS_MAX).entries()) {
    const next = generations[at + 1];
    const successor = next === undefined ? null : await read(me, next);
    if (successor === null || me.now() < successor.endsAt + RETENTION_MS) return;
    await unlinkIfThere(me, generation);
  }
}

async function unlinkIfThere(me: Contender, generation: number): Promise<void> {
  try {
    await me.fs.unlink(fileOf(me, generation));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** The numbers of all records, lowest first; none when the folder is not there. */
async function listGenerations(me: Contender): Promise<readonly number[]> {
  try {
    const names = await me.fs.readdir(me.path);
    const numbers = names.filter((name) => GENERATION.test(name)).map(Number);
    return numbers.sort((a, b) => a - b);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

function fileOf(me: Contender, generation: number): string {
  return join(me.path, String(generation));
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
