import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const client = new URL("../../../src/adapters/cluster/kubernetes-client.ts", import.meta.url).href;
const home = mkdtempSync(join(tmpdir(), "afk-kube-"));

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

/** What a process of its own, with these variables alone, says of the cluster it finds. */
function opened(env: Readonly<Record<string, string>>): string {
  const code = [
    `import { openKubernetes } from ${JSON.stringify(client)};`,
    'const told = openKubernetes({ access: { kind: "ambient" } });',
    'console.log(await told.then(() => "opened", (error) => error.message));',
  ].join("\n");
  const argv = ["--input-type=module", "--eval", code];
  return execFileSync(process.execPath, argv, { env: { HOME: home, ...env }, encoding: "utf8" });
}

it("outside a cluster and without a kubeconfig no address is guessed: it says what to do", () => {
  expect(opened({})).toBe(
    "no cluster is found: run in a pod, or name a kubeconfig with a current context; " +
      "AFK_LEASE=file is for one machine\n",
  );
});

it("a kubeconfig is taken, even one of a cluster at the address that would be guessed", () => {
  const path = join(home, "config");
  writeFileSync(
    path,
    JSON.stringify({
      clusters: [{ name: "here", cluster: { server: "http://localhost:8080" } }],
      users: [{ name: "me", user: {} }],
      contexts: [{ name: "mine", context: { cluster: "here", user: "me" } }],
      "current-context": "mine",
    }),
  );
  expect(opened({ KUBECONFIG: path })).toBe("opened\n");
});
