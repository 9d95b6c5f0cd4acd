import { type IssueRef, type IssueSeen, issueKey, type RepoRef } from "./issue.ts";
import { type VisibleLine, visibleLines } from "./visible-lines.ts";

/** The issues that an issue's own words call its blockers, or why they cannot be told. */
export type BlockerWords =
  | { readonly kind: "named"; readonly refs: readonly IssueRef[] }
  | { readonly kind: "unreadable"; readonly why: string };

/** The issue whose words they are; its address tells where the tracker's own web pages are. */
export type WordsOf = Pick<IssueSeen, "ref" | "url">;

/**
 * An issue that waits for more than twenty others is a plan and not a piece of work, and every one named costs a
 * read in every tick.
 */
export const BLOCKER_WORDS_MAX = 20;
/** GitHub's numbers are 32-bit; a larger one is asked about by no query. */
const ISSUE_NUMBER_MAX = 2_147_483_647;

const PHRASE = /(?<![\w-])(?:blocked[ \t-]{1,3}by|depends[ \t-]{1,3}on)(?![\w-])/gi;
/** What turns a phrase round, with at most one adverb in between. */
const NEGATION =
  /(?:\b(?:not|never|no longer|nothing|nor)|n['\u2019]t)(?:[ \t]{1,3}(?:currently|really|actually|yet|longer|directly|strictly|anymore|be|being))?[ \t*_]{1,5}$/i;
/** As far back as a negation may begin. */
const NEGATION_CHARACTERS_MAX = 40;
/** What may stand between the phrase and the first issue: marks and a noun. */
const LEAD =
  /[\s:*_~-]{0,10}(?:(?:either|both|the|issues?|tickets?|tasks?|prs?|pull requests?)[\s:*_]{1,5}){0,3}/iy;
const JOIN =
  /[\s*_~]{0,5}(?:,|;|&|\+|\/|\band\b|\bor\b)(?:[\s*_]{0,5}(?:,|&|\band\b|\bor\b))?[\s*_~]{0,5}(?:(?:issues?|prs?)[ \t]{1,3})?|[ \t]{1,5}/iy;
const OWNER = "[A-Za-z0-9](?:[\\w-]{0,98})";
const NAME = "[\\w.-]{1,100}";
const END = "(?![\\w])";
const SHORT = `(?:(${OWNER})\\/(${NAME}))?#(\\d{1,30})${END}|\\bGH-(\\d{1,30})${END}`;
const TITLE = /^(?:blocked[ \t-]{1,3}by|depends[ \t-]{1,3}on)$/i;
/** A section that a phrase at the end of a line opens, which any heading ends. */
const LINE_LEVEL = 7;

/**
 * Reads `Blocked by #3 and owner/x#10`, `Depends on <address>`, and lists below a heading or line of such words.
 * A ticked box says nothing: the issue's own state does. Words beside the issues named, a negation, code, quotes and
 * comments count for nothing; more than `BLOCKER_WORDS_MAX` are never cut but unreadable.
 */
export function parseBlockerWords(body: string, of: WordsOf): BlockerWords {
  const scan = createScan(of);
  let section: number | null = null;
  for (const line of visibleLines(body)) {
    const { said, denied } = phrasesOf(line.text);
    const lists = said.map((end) => scan.list(line.text, end));
    const opens = isTitle(line.text) || lists.some(({ goesOn }) => goesOn);
    section = nextSection(line, section, opens);
    const listed = section === null ? [] : listedIn(scan, line, denied);
    // Running text ends a list that a mere line opened.
    if (section === LINE_LEVEL && listed.length === 0 && !opens && isRunningText(line)) {
      section = null;
    }
    scan.take(listed);
    for (const { found } of lists) scan.take(found);
  }
  return scan.answer();
}

/** The level of the heading under which blockers are listed; null outside of such a section. */
function nextSection(line: VisibleLine, section: number | null, opens: boolean): number | null {
  if (line.kind === "heading") {
    if (opens) return line.level;
    return section !== null && line.level > section ? section : null;
  }
  return section === null && opens ? LINE_LEVEL : section;
}

/** What a line of such a section lists: any issue of an item that it does not deny, or issues a line begins with. */
function listedIn(scan: Scan, line: VisibleLine, denied: readonly number[]): readonly Named[] {
  if (line.kind === "plain") return scan.list(line.text, 0).found;
  if (line.kind !== "item") return [];
  const not = new Set(denied.flatMap((end) => scan.list(line.text, end).found.map(nameOf)));
  return scan.all(line.text).filter((each) => !not.has(nameOf(each)));
}

/** Not an underline, which makes the line above a heading. */
function isRunningText(line: VisibleLine): boolean {
  return line.kind === "plain" && !/^(?:-+|=+)$/.test(line.text);
}

/** Whether the words of a line are only those that open a list of blockers. */
function isTitle(text: string): boolean {
  return TITLE.test(
    text
      .replace(/[^\p{L}\p{N} \t-]/gu, "")
      .replace(/-+$/, "")
      .trim(),
  );
}

/** Where the phrases of a line end. */
function phrasesOf(text: string): Record<"said" | "denied", readonly number[]> {
  const said: number[] = [];
  const denied: number[] = [];
  for (const match of text.matchAll(PHRASE)) {
    const before = text.slice(Math.max(0, match.index - NEGATION_CHARACTERS_MAX), match.index);
    (NEGATION.test(before) ? denied : said).push(match.index + match[0].length);
  }
  return { said, denied };
}

/** Reads issues out of lines, and gathers them. */
type Scan = {
  /** The issues that are listed from a place on, up to the first other word. */
  list(text: string, from: number): Listed;
  /** Every issue of a line. */
  all(text: string): readonly Named[];
  take(found: readonly Named[]): void;
  answer(): BlockerWords;
};

type Named = IssueRef | { readonly unfit: string };
/** `goesOn`: the line ended where an issue was still to come. */
type Listed = { readonly found: readonly Named[]; readonly goesOn: boolean };

/** How an issue is written: right at a place (`sticky`), and anywhere in a line. */
type Patterns = { readonly sticky: RegExp; readonly anywhere: RegExp };

function patternsOf(of: WordsOf): Patterns {
  // Without a known host no address is the tracker's: an empty group matches nowhere.
  const root = webRootOf(of);
  const host = root === null ? "(?!)" : escapeForPattern(root);
  const address = `${host}\\/(${OWNER})\\/(${NAME})\\/(?:issues|pull)\\/(\\d{1,30})${END}[^\\s)>\\]]{0,200}`;
  // A link's own address counts, its text does not.
  const one = `\\[[^\\[\\]\\n]{0,200}\\]\\((?:${address})\\)|<?(?:${address})>?|\\[?(?:${SHORT})\\]?`;
  return {
    sticky: new RegExp(`[([]?(?:${one})[)\\]]?`, "iy"),
    anywhere: new RegExp(`(?<![\\w/.#-])(?:${one})`, "gi"),
  };
}

function createScan(of: WordsOf): Scan {
  const { repo } = of.ref;
  // Most bodies say nothing of the kind: for them no pattern is made.
  let made: Patterns | null = null;
  const patterns = (): Patterns => (made ??= patternsOf(of));
  const refs = new Map<string, IssueRef>();
  let unfit: string | null = null;
  return {
    list(text, from) {
      const found: Named[] = [];
      let at = pastLead(text, from);
      for (;;) {
        const issue = matchAt(patterns().sticky, text, at);
        if (issue === null) return { found, goesOn: at === text.length };
        found.push(toNamed(issue.groups, repo));
        const join = matchAt(JOIN, text, issue.end);
        if (join === null) return { found, goesOn: false };
        at = join.end;
      }
    },
    all: (text) =>
      [...text.matchAll(patterns().anywhere)].map((match) => toNamed(match.slice(1), repo)),
    take(found) {
      for (const each of found) {
        if ("unfit" in each) unfit ??= each.unfit;
        // Counting goes on past the limit only to know that there are too many.
        else if (refs.size <= BLOCKER_WORDS_MAX && !refs.has(nameOf(each))) {
          refs.set(nameOf(each), each);
        }
      }
    },
    answer() {
      if (unfit !== null) return { kind: "unreadable", why: `${unfit} is no issue number` };
      if (refs.size <= BLOCKER_WORDS_MAX) return { kind: "named", refs: [...refs.values()] };
      return {
        kind: "unreadable",
        why: `the text names more than ${BLOCKER_WORDS_MAX} blockers; name fewer`,
      };
    },
  };
}

/** Forges ignore case in the names of repos. */
function nameOf(each: Named): string {
  return "unfit" in each ? each.unfit : issueKey(each).toLowerCase();
}

function pastLead(text: string, from: number): number {
  LEAD.lastIndex = from;
  // It matches nothing at all as well, so that it never begins anew.
  LEAD.test(text);
  return LEAD.lastIndex;
}

type Match = { readonly groups: readonly (string | undefined)[]; readonly end: number };

function matchAt(pattern: RegExp, text: string, at: number): Match | null {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match === null ? null : { groups: match.slice(1), end: at + match[0].length };
}

/** The groups come as owner, name, number of either address, of the short form, and a bare number. */
function toNamed(groups: readonly (string | undefined)[], home: RepoRef): Named {
  const [o1, n1, d1, o2, n2, d2, o3, n3, d3, d4] = groups;
  const digits = [d1, d2, d3, d4].join("");
  const number = Number(digits);
  if (number < 1 || number > ISSUE_NUMBER_MAX) return { unfit: `#${digits}` };
  const owner = o1 ?? o2 ?? o3;
  const name = n1 ?? n2 ?? n3;
  if (owner === undefined || name === undefined) return { repo: home, number };
  return { repo: { tracker: home.tracker, owner, name }, number };
}

/** The address before `/owner/name/issues/N`; null when the issue's own does not end so. */
function webRootOf({ ref, url }: WordsOf): string | null {
  const tail = `/${ref.repo.owner}/${ref.repo.name}/issues/${ref.number}`;
  if (!url.toLowerCase().endsWith(tail.toLowerCase())) return null;
  const root = url.slice(0, -tail.length);
  return root === "" ? null : root;
}

function escapeForPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
