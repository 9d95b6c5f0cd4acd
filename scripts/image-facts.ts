/** What deploy/k8s/test-image.sh does with JSON: `check` looks into the image, `spec` writes a container's settings. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

const Image = z.looseObject({
  OCIv1: z.looseObject({
    config: z.looseObject({
      User: z.string(),
      Entrypoint: z.array(z.string()),
      Cmd: z.array(z.string()).optional(),
      Env: z.array(z.string()),
      WorkingDir: z.string(),
      Labels: z.record(z.string(), z.string()),
    }),
  }),
});

const Spec = z.looseObject({
  process: z.looseObject({}),
  root: z.looseObject({}),
  mounts: z.array(z.looseObject({})),
});

/** The number distroless gives to `nonroot`, and Kubernetes' manifests ask for. */
const UID = 65532;

const [verb = "", imageFile = "", rootfs = "", specFile = "", ...rest] = process.argv.slice(2);
const { config } = Image.parse(JSON.parse(readFileSync(imageFile, "utf8"))).OCIv1;

function demand(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(`the image is wrong: ${what}`);
}

function check(): void {
  demand(config.User === `${UID}:${UID}`, `its user is ${config.User}`);
  for (const label of ["title", "description", "version", "revision"]) {
    demand(Boolean(config.Labels[`org.opencontainers.image.${label}`]), `no label ${label}`);
  }
  const app = join(rootfs, config.WorkingDir);
  const own = readdirSync(app).toSorted();
  demand(own.join() === "cache,dist", `in ${config.WorkingDir} are ${own.join()}`);
  for (const name of readdirSync(join(app, "dist"), { recursive: true, encoding: "utf8" })) {
    const { uid, mode } = statSync(join(app, "dist", name));
    demand(uid === 0 && (mode & 0o022) === 0, `${name} can be changed by who runs it`);
  }
  const [kept = ""] = readdirSync(join(app, "cache"));
  demand(kept.endsWith(`-${UID}`), `its cache is kept for another user: ${kept}`);
  demand(readdirSync(join(app, "cache", kept)).length > 0, "its cache is empty");
  for (const path of ["scripts", "tmp/afk-65532"]) {
    demand(!existsSync(join(rootfs, path)), `/${path} was left in it`);
  }
}

function writeSpec(): void {
  const at = rest.indexOf("--");
  const args = at === -1 ? rest : rest.slice(0, at);
  const env = at === -1 ? [] : rest.slice(at + 1);
  const spec = Spec.parse(JSON.parse(readFileSync(specFile, "utf8")));
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
  Object.assign(spec.process, {
    terminal: false,
    user: { uid: UID, gid: UID },
    args: [...config.Entrypoint, ...(args.length === 0 ? (config.Cmd ?? []) : args)],
    env: [...config.Env, ...env],
    cwd: config.WorkingDir,
    capabilities: none,
    noNewPrivileges: true,
  });
  spec.root = { path: rootfs, readonly: true };
  spec.mounts.push({
    destination: "/tmp",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "nodev", "mode=1777", "size=16m"],
  });
  writeFileSync(specFile, JSON.stringify(spec));
}

if (verb === "check") check();
else if (verb === "spec") writeSpec();
else throw new Error(`neither check nor spec: ${verb}`);
