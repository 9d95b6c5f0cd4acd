import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult } from "./figures.ts";

/** The newest result of the folder with its file's name; null where there is none. Names begin with the time. */
export function newestResult(
  folder: string,
): { readonly file: string; readonly result: BenchResult } | null {
  const files = (existsSync(folder) ? readdirSync(folder) : []).filter((file) =>
    file.endsWith(".json"),
  );
  const file = files.toSorted().at(-1);
  if (file === undefined) return null;
  return { file, result: JSON.parse(readFileSync(join(folder, file), "utf8")) as BenchResult };
}

/** Writes a result under the time it was taken; answers the file's name. */
export function saveResult(folder: string, result: BenchResult): string {
  mkdirSync(folder, { recursive: true });
  const file = `${result.takenAt.replaceAll(":", "").slice(0, 15)}Z.json`;
  writeFileSync(join(folder, file), `${JSON.stringify(result, null, 2)}\n`);
  return file;
}
