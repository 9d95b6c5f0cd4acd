import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { root } from "./kubectl.ts";
import { PrometheusRule } from "./validate.ts";

const folder = join(root, "deploy/k8s/components/alerts");
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;
if (!hasPromtool) {
  process.stderr.write("skipped: there is no promtool (apt-get install prometheus)\n");
}

const rules = PrometheusRule.parse(parse(readFileSync(join(folder, "rules.yaml"), "utf8")));

const Panel = z.looseObject({
  title: z.string(),
  description: z.string().min(1),
  targets: z.array(z.looseObject({ expr: z.string() })).min(1),
});

const dashboard = z
  .looseObject({ title: z.string(), panels: z.array(Panel).min(1) })
  .parse(JSON.parse(readFileSync(join(folder, "dashboard.json"), "utf8")));

/** Lets promtool work in a folder where the rules are as Prometheus wants them, and answers what it printed. */
function promtool(files: Readonly<Record<string, unknown>>, args: readonly string[]): string {
  const work = mkdtempSync(join(tmpdir(), "afk-alerts-"));
  try {
    cpSync(join(folder, "rules.test.yaml"), join(work, "rules.test.yaml"));
    for (const [name, content] of Object.entries(files)) {
      // JSON is YAML.
      writeFileSync(join(work, name), JSON.stringify(content));
    }
    return execFileSync("promtool", args, { cwd: work, encoding: "utf8", stdio: "pipe" });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

describe.skipIf(!hasPromtool)("the alerts, by promtool", () => {
  it("are rules that Prometheus takes", () => {
    expect(promtool({ "rules.json": rules.spec }, ["check", "rules", "rules.json"])).toContain(
      `${rules.spec.groups[0]?.rules.length} rules found`,
    );
  });

  it("fire when they say, on both sides of each limit", () => {
    const said = promtool({ "rules.json": rules.spec }, ["test", "rules", "rules.test.yaml"]);
    expect(said).toContain("SUCCESS");
  });

  it("would be caught with a limit that is off", () => {
    const spec = structuredClone(rules.spec);
    for (const rule of spec.groups[0]?.rules ?? []) rule.expr = rule.expr.replace("> 900", "> 960");
    expect(() => promtool({ "rules.json": spec }, ["test", "rules", "rules.test.yaml"])).toThrow(
      /FAILED/,
    );
  });

  it("and the dashboard ask in queries that Prometheus reads", () => {
    const asked = dashboard.panels.flatMap((panel) => panel.targets.map(({ expr }) => expr));
    const recorded = asked.map((expr, at) => ({
      record: `panel:${at}`,
      expr: expr.replaceAll("$namespace", "afk"),
    }));
    const file = { groups: [{ name: "dashboard", rules: recorded }] };
    expect(promtool({ "panels.json": file }, ["check", "rules", "panels.json"])).toContain(
      `${asked.length} rules found`,
    );
  });
});

describe("the alerts", () => {
  it("have each a test that expects them and one that does not", () => {
    const Tests = z.looseObject({
      tests: z.array(
        z.looseObject({
          alert_rule_test: z.array(
            z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.unknown()) }),
          ),
        }),
      ),
    });
    const { tests } = Tests.parse(parse(readFileSync(join(folder, "rules.test.yaml"), "utf8")));
    const expected = tests.flatMap((test) => test.alert_rule_test);
    for (const { alert } of rules.spec.groups.flatMap((group) => group.rules)) {
      const own = expected.filter(({ alertname }) => alertname === alert);
      expect([alert, own.some(({ exp_alerts: alerts }) => alerts.length > 0)]).toEqual([
        alert,
        true,
      ]);
      expect([alert, own.some(({ exp_alerts: alerts }) => alerts.length === 0)]).toEqual([
        alert,
        true,
      ]);
    }
  });
});
