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
];

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
