import { stripVTControlCharacters } from "node:util";
import * as z from "zod";
import type { Check } from "../../pure/ci-fold.ts";
import { DEPLOYMENT_SOURCE } from "../../pure/deployments.ts";
import { ROLLOUT_SOURCE } from "../../pure/rollout.ts";
import type { RepoRef } from "../../pure/issue.ts";
import type { CheckEvidence } from "../../pure/ports/ci.ts";
import { mapBounded } from "../tracker/github-ask.ts";
import type { GithubClient } from "../tracker/github-client.ts";
import { STATUS_SOURCE } from "./github-checks.ts";
import { WORKFLOW_RUN_SOURCE } from "./github-fallback.ts";

/**
 * Five logs tell an agent what broke; one cause rarely needs more, and each costs up to three
 * requests.
 */
const EVIDENCE_CHECKS_MAX = 5;
/** A failing test and its stack end within this much of a log. */
const TAIL_LINES_MAX = 50;
/** Five tails of this size still leave a prompt readable. */
const TAIL_BYTES_MAX = 8 * 1024;
/** Annotations point at lines of code; the first ones are the ones a person would read. */
const ANNOTATIONS_MAX = 10;

/** One page: a run of more jobs than that has its failed ones named by its own page. */
const JOBS_PAGE_SIZE = 100;
/** Two jobs of one run mostly fail for one reason; more logs would leave none of them readable. */
const JOB_LOGS_MAX = 2;
/** Leaves most of the lines to the logs. */
const JOBS_NAMED_MAX = 10;

const FAILED_JOBS: ReadonlySet<string> = new Set(["failure", "timed_out", "startup_failure"]);

/** What has no log of ours to be read, and only its own words. */
const SPEAKING_FOR_ITSELF: ReadonlySet<string> = new Set([
  STATUS_SOURCE,
  DEPLOYMENT_SOURCE,
  ROLLOUT_SOURCE,
]);

const ACTIONS_APP = "github-actions";

const JobsWire = z.lazy(() =>
  z.object({
    jobs: z.array(
      z.object({ id: z.int().positive(), name: z.string(), conclusion: z.string().nullable() }),
    ),
  }),
);

const CheckRunWire = z.lazy(() =>
  z.object({
    app: z.object({ slug: z.string() }).nullish(),
    output: z.object({
      title: z.string().nullish(),
      summary: z.string().nullish(),
      text: z.string().nullish(),
      annotations_count: z.int().nullish(),
    }),
  }),
);

const AnnotationsWire = z.lazy(() =>
  z.array(z.object({ path: z.string(), start_line: z.int(), message: z.string().nullable() })),
);

/**
 * Reads what failing checks have to show, in the order asked; never throws, unreadable is empty.
 */
export async function readEvidence(
  client: GithubClient,
  repo: RepoRef,
  failing: readonly Check[],
): Promise<readonly CheckEvidence[]> {
  const readable = new Set(failing.slice(0, EVIDENCE_CHECKS_MAX));
  return await mapBounded(failing, async (check) => ({
    name: check.name,
    url: check.url,
    logTail: readable.has(check) ? await readTail(client, repo, check) : "",
  }));
}

async function readTail(client: GithubClient, repo: RepoRef, check: Check): Promise<string> {
  const id = Number(check.id);
  const hasId = Number.isSafeInteger(id) && id > 0;
  if (SPEAKING_FOR_ITSELF.has(check.source) || !hasId) {
    return tailOf(check.words ?? "", TAIL_LINES_MAX, TAIL_BYTES_MAX);
  }
  if (check.source.startsWith(WORKFLOW_RUN_SOURCE)) {
    return await quietly("", () => readRunLogs(client, repo, id));
  }
  const place = { owner: repo.owner, repo: repo.name };
  const run = await quietly(null, async () => {
    const { data } = await client.rest.checks.get({ ...place, check_run_id: id });
    return CheckRunWire.parse(data);
  });
  if (run === null) return "";
  const annotations =
    (run.output.annotations_count ?? 0) === 0
      ? ""
      : await quietly("", () => readAnnotations(client, repo, id));
  // A check run of Actions and its job share one id.
  const log =
    run.app?.slug === ACTIONS_APP ? await quietly("", () => readJobLog(client, repo, id)) : "";
  const { title, summary, text } = run.output;
  const said = log === "" ? [title, summary, text].filter(Boolean).join("\n") : log;
  return joinTail(tailOf(annotations, TAIL_LINES_MAX, TAIL_BYTES_MAX), said);
}

/** The logs of the jobs that failed in the newest attempt of a workflow run, each under its name. */
async function readRunLogs(client: GithubClient, repo: RepoRef, id: number): Promise<string> {
  const { data } = await client.rest.actions.listJobsForWorkflowRun({
    owner: repo.owner,
    repo: repo.name,
    run_id: id,
    filter: "latest",
    per_page: JOBS_PAGE_SIZE,
  });
  const failed = JobsWire.parse(data).jobs.filter(
    ({ conclusion }) => conclusion !== null && FAILED_JOBS.has(conclusion),
  );
  const read = failed.slice(0, JOB_LOGS_MAX);
  const named = failed.map(({ name }) => `job failed: ${firstLine(stripNoise(name))}`);
  const shown = named.slice(0, JOBS_NAMED_MAX);
  const logs = await mapBounded(read, (job) => quietly("", () => readJobLog(client, repo, job.id)));
  const [linesEach, bytesEach] = [
    Math.floor((TAIL_LINES_MAX - shown.length) / Math.max(1, read.length)),
    Math.floor(TAIL_BYTES_MAX / 2 / Math.max(1, read.length)),
  ];
  const names = tailOf(shown.join("\n"), TAIL_LINES_MAX, TAIL_BYTES_MAX / 2 - read.length);
  const tails = logs.map((log) => tailOf(log, linesEach, bytesEach)).filter((tail) => tail !== "");
  return [names, ...tails].join("\n");
}

async function readAnnotations(client: GithubClient, repo: RepoRef, id: number): Promise<string> {
  const { data } = await client.rest.checks.listAnnotations({
    owner: repo.owner,
    repo: repo.name,
    check_run_id: id,
    per_page: ANNOTATIONS_MAX,
  });
  const lines = AnnotationsWire.parse(data).map(
    ({ path, start_line, message }) => `${path}:${start_line}: ${firstLine(message ?? "")}`,
  );
  return lines.join("\n");
}

/** The answer is a redirect to a storage host, whose signed link must not see our token. */
async function readJobLog(client: GithubClient, repo: RepoRef, id: number): Promise<string> {
  const { headers } = await client.rest.actions.downloadJobLogsForWorkflowRun({
    owner: repo.owner,
    repo: repo.name,
    job_id: id,
  });
  return await client.fetchForeign(z.string().parse(headers.location));
}

/** Annotations first and whole, then as much of the end of the log as the limits leave. */
function joinTail(annotations: string, said: string): string {
  if (annotations === "") return tailOf(said, TAIL_LINES_MAX, TAIL_BYTES_MAX);
  const linesMax = TAIL_LINES_MAX - annotations.split("\n").length;
  const bytesMax = TAIL_BYTES_MAX - Buffer.byteLength(annotations) - 1;
  const tail = tailOf(said, linesMax, bytesMax);
  return tail === "" ? annotations : `${annotations}\n${tail}`;
}

/**
 * The last lines of a text, at most so many lines and bytes, without terminal codes and time
 * stamps.
 */
function tailOf(text: string, linesMax: number, bytesMax: number): string {
  if (linesMax <= 0 || bytesMax <= 0) return "";
  const lines = stripNoise(text).trimEnd().split("\n").slice(-linesMax);
  const bytes = Buffer.from(lines.join("\n"));
  if (bytes.length <= bytesMax) return bytes.toString();
  let start = bytes.length - bytesMax;
  // A cut inside a character would put a replacement sign, three bytes, in front.
  while (start < bytes.length && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start).toString();
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/**
 * Actions puts a time stamp before every line of a log, and runners colour their output. A bare carriage
 * return is a progress bar that draws over itself: each drawing is a line. Other control characters go.
 */
function stripNoise(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .replace(/^\uFEFF/, "")
    .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /gm, "");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

async function quietly<T>(otherwise: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch {
    return otherwise;
  }
}
