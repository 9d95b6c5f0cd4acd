import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where the image keeps compiled code; its NODE_COMPILE_CACHE says the same. */
const CACHE = "/app/cache";

/** Nothing listens there while an image is built: the ticks load all they use, and fail at once. */
const NOBODY = "http://127.0.0.1:59999";

/** A tick that finds nobody gives up within seconds; a build must not hang on one that does not. */
const TICK_MS_MAX = 60_000;

// Their lease goes there, and not into the image.
const leases = mkdtempSync(join(tmpdir(), "afk-"));

// An armed tick, because a disabled one loads nothing. Its failure is what is expected.
for (const command of ["poll", "watch"]) {
  const ended = spawnSync(process.execPath, ["dist/afk.cjs", command], {
    cwd: "/app",
    encoding: "utf8",
    timeout: TICK_MS_MAX,
    env: {
      NODE_COMPILE_CACHE: CACHE,
      TMPDIR: leases,
      AFK_KILL_SWITCH: "false",
      AFK_ALLOWLIST: "owner/name",
      T3_BASE_URL: NOBODY,
      T3_TOKEN: "none",
      T3_MODEL: "none",
      GITHUB_TOKEN: "none",
      GITHUB_API_URL: NOBODY,
    },
  });
  if (!ended.stdout.includes("tick begins")) {
    throw new Error(`afk ${command} did not begin: ${ended.stdout}${ended.stderr}`);
  }
}
rmSync(leases, { recursive: true });
