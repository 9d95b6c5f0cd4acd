import { defineConfig } from "vitest/config";

const PURE = ["test/pure/**/*.test.ts"];

export default defineConfig({
  test: {
    environment: "node",
    projects: [
      // Pure functions share nothing: a process per file would only cost its start, a hundred times over.
      { extends: true, test: { name: "pure", include: PURE, isolate: false } },
      { extends: true, test: { name: "world", include: ["test/**/*.test.ts"], exclude: PURE } },
    ],
    // Tests that build, clone or start a tick as a child process take seconds on two busy cores; a hang takes forever.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // The default leaves one core idle, half of a small machine; most of the long tests wait for child processes.
    maxWorkers: "100%",
    // No test may lean on what another left behind.
    unstubEnvs: true,
    restoreMocks: true,
    coverage: {
      provider: "v8",
      include: ["src/pure/**/*.ts"],
      reporter: ["text", "json-summary"],
      reportsDirectory: "coverage",
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100 },
    },
  },
});
