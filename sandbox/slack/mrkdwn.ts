/** A piece of shown text: plain, something that notifies, or something that can be followed. */
export type Segment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "mention"; readonly whom: string }
  | { readonly kind: "link"; readonly url: string; readonly text: string };

/** How a text was asked to be read, with Slack's own names and defaults. */
export type Parsing = {
  readonly parse?: "none" | "full" | undefined;
  readonly link_names?: boolean | undefined;
};

/** `<…>` as Slack reads it; an escaped `<` is never the beginning of one. */
const CONTROL_SEQUENCE = /<([^<>\n]*)>/g;
const BROADCAST = /^!(?:channel|here|everyone|subteam\^\w+)$/;
const ADDRESS = /^(?:https?:\/\/|mailto:)\S+$/i;

const NAME = String.raw`(?<![\w@#])(?<sign>[@#])(?<name>[\w.-]+)`;
const WEB_ADDRESS = String.raw`(?<address>https?:\/\/\S+)`;
const HOST = String.raw`(?<host>(?<![\w@.])(?:[\w-]+\.)+[a-z]{2,}(?:\/\S*)?)`;

/**
 * Reads a mrkdwn text as a Slack client shows it: `<…>` sequences always, bare addresses unless `parse` is
 * `none`, bare hosts with `full`, bare names with `full` or `link_names`. Emphasis is left as it is written.
 */
export function renderMrkdwn(text: string, parsing: Parsing = {}): readonly Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(CONTROL_SEQUENCE)) {
    const sequence = readSequence(match[1] ?? "");
    if (sequence === null) continue;
    segments.push(...readBare(text.slice(from, match.index), parsing), sequence);
    from = match.index + match[0].length;
  }
  segments.push(...readBare(text.slice(from), parsing));
  return joined(segments);
}

/** Slack's three entities as characters, each decoded once. */
function decodeEntities(text: string): string {
  const characters: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">" };
  return text.replace(/&(amp|lt|gt);/g, (entity, name: string) => characters[name] ?? entity);
}

function readSequence(inside: string): Segment | null {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = decodeEntities(bar < 0 ? target : inside.slice(bar + 1));
  if (BROADCAST.test(target) || /^@[UW]\w+$/.test(target)) {
    return { kind: "mention", whom: target };
  }
  if (/^#C\w+$/.test(target)) return { kind: "link", url: target, text: label };
  return ADDRESS.test(target) ? { kind: "link", url: decodeEntities(target), text: label } : null;
}

function readBare(escaped: string, parsing: Parsing): readonly Segment[] {
  const text = decodeEntities(escaped);
  const isFull = parsing.parse === "full";
  const wanted = [
    ...(parsing.parse === "none" ? [] : [WEB_ADDRESS]),
    ...(isFull ? [HOST] : []),
    ...(isFull || parsing.link_names === true ? [NAME] : []),
  ];
  if (wanted.length === 0) return [{ kind: "text", text }];
  const segments: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(new RegExp(wanted.join("|"), "gi"))) {
    segments.push({ kind: "text", text: text.slice(from, match.index) }, readFound(match));
    from = match.index + match[0].length;
  }
  return [...segments, { kind: "text", text: text.slice(from) }];
}

function readFound(match: RegExpMatchArray): Segment {
  const [found] = match;
  const { sign, host } = match.groups ?? {};
  if (sign === "@") return { kind: "mention", whom: found };
  if (sign === "#") return { kind: "link", url: found, text: found };
  return { kind: "link", url: host === undefined ? found : `http://${found}`, text: found };
}

function joined(segments: readonly Segment[]): readonly Segment[] {
  const whole: Segment[] = [];
  for (const segment of segments) {
    const last = whole.at(-1);
    if (segment.kind === "text" && segment.text === "") continue;
    if (segment.kind === "text" && last?.kind === "text") {
      whole[whole.length - 1] = { kind: "text", text: last.text + segment.text };
    } else whole.push(segment);
  }
  return whole;
}
