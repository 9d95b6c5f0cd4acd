import type { Decision, DecisionTone } from "./decision-log.ts";
import { type Html, html } from "./html.ts";
import { type IconName, icon } from "./icons.ts";
import type { BellState, StoryState } from "./page-state.ts";

/** More are told in the issues themselves. */
const BELLS_MAX = 50;

const TONE_ICONS: Readonly<Record<DecisionTone, IconName | null>> = {
  act: null,
  rest: null,
  done: "check",
  "needs-human": "hand",
  frozen: "snow",
  cancelled: "stop",
  error: "warn",
};

/** ntfy's tags are names of pictures; these are the ones afk rings with. */
const TAG_ICONS: Readonly<Record<string, IconName>> = {
  white_check_mark: "check",
  raising_hand: "hand",
  snowflake: "snow",
  question: "question",
  stop_sign: "stop",
  electric_plug: "plug",
};

/** The decisions of the ticks, newest first, each with a link to its story. */
export function renderDecisions(
  decisions: readonly Decision[],
  stories: readonly StoryState[],
): Html {
  if (decisions.length === 0) return html`<li class="none">No tick has decided anything yet.</li>`;
  const names = new Map(stories.map(({ issue, view }) => [issue?.key ?? "", view.name]));
  return html`${decisions.map((each) => renderDecision(each, names.get(each.issue) ?? null))}`;
}

function renderDecision(decision: Decision, story: string | null): Html {
  const { id, at, loop, issue, words, detail, tone, times } = decision;
  const sign = TONE_ICONS[tone];
  const about = story === null ? html`${issue}` : html`<a href="#story-${story}">${issue}</a>`;
  const again = times > 1 ? html` <span class="times">×${times}</span>` : null;
  return html`<li class="decision ${tone}" data-key="d${id}">
${renderTime(at)}<span class="loop">${loop}</span><span class="about">${about}</span>
<span class="words">${sign === null ? null : icon(sign)}${words}${again}
<span class="detail">${detail}</span></span></li>
`;
}

/** The doorbells, newest first; a tap leads where the telephone's would. */
export function renderBells(bells: readonly BellState[]): Html {
  if (bells.length === 0) return html`<li class="none">No doorbell has rung yet.</li>`;
  return html`${bells.slice(0, BELLS_MAX).map(renderBell)}`;
}

function renderBell(bell: BellState): Html {
  const sign = bell.tags.map((tag) => TAG_ICONS[tag]).find((name) => name !== undefined) ?? "bell";
  const tap =
    bell.link === null
      ? html`no link`
      : html`<a class="tap" href="${bell.link}" target="_blank" rel="noopener noreferrer">Open the thread<span class="unseen"> of ${bell.title}</span></a>`;
  const story =
    bell.story === null ? null : html`<a href="#story-${bell.story}">story ${bell.story}</a>`;
  return html`<li class="bell" data-key="b${bell.id}">
<p class="head">${icon(sign)}<strong>${bell.title}</strong><span class="volume">${bell.isLoud ? "loud" : "quiet"}</span>${renderTime(bell.at)}</p>
<p class="body">${bell.body}</p>
<p class="links">${tap}${story}</p></li>
`;
}

/** A time of day on this machine, which is the reader's too. */
export function renderTime(at: number | string): Html {
  const date = new Date(at);
  const clock = date.toLocaleTimeString("en-GB");
  return html`<time datetime="${date.toISOString()}">${clock}</time>`;
}
