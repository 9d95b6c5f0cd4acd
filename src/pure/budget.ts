/**
 * US dollars per million *output* tokens by model-name prefix: the list prices known at writing
 * (Anthropic's and OpenAI's public price pages), the dearest model where a prefix covers several.
 */
const USD_PER_MILLION_OUTPUT_TOKENS: ReadonlyArray<readonly [prefix: string, usd: number]> = [
  ["claude-opus-4-5", 25],
  ["claude-opus-4-6", 25],
  ["claude-opus", 75],
  ["claude-sonnet", 22.5],
  ["claude-haiku", 5],
  ["gpt-5-mini", 2],
  ["gpt-5-nano", 0.4],
  ["gpt-5-pro", 120],
  ["gpt-5", 14],
  ["gpt-5.1", 10],
  ["gpt-5.2", 14],
  ["gpt-5.2-pro", 168],
  ["gpt-5.3", 14],
  // Long prompts cost half as much again.
  ["gpt-5.4", 22.5],
  ["gpt-5.4-pro", 270],
  // A minor version that is not listed is priced as the dearest, since each was dearer than the last.
  ["gpt-5.", 270],
];

/**
 * What was counted in all by totals as they followed each other, oldest first. T3 forgets a thread's total with
 * its session (a stop, half an hour of rest, a restart): one below the last has begun anew.
 */
export function sumTotals(totals: readonly number[]): number {
  let [before, last] = [0, 0];
  for (const total of totals) {
    if (total < last) before += last;
    last = total;
  }
  return before + last;
}

/**
 * What so many processed tokens cost at most, in US dollars. An upper bound by construction: every
 * token is priced as output, the dearest kind, and a model that is not in the table as the dearest
 * row.
 */
export function estimateUsd(processedTokens: number, model: string): number {
  return (processedTokens / 1_000_000) * usdPerMillion(model.toLowerCase());
}

function usdPerMillion(model: string): number {
  let longest: readonly [prefix: string, usd: number] = ["", 0];
  for (const row of USD_PER_MILLION_OUTPUT_TOKENS) {
    if (model.startsWith(row[0]) && row[0].length > longest[0].length) longest = row;
  }
  if (longest[0] !== "") return longest[1];
  return Math.max(...USD_PER_MILLION_OUTPUT_TOKENS.map(([, usd]) => usd));
}
