import { type Html, html } from "./html.ts";
import { endIcon, type IconName, icon } from "./icons.ts";
import { answerBoxId, type StoryState } from "./page-state.ts";

/** How a story stands, in one word for the eye and one for the ear. */
type Standing = { readonly look: string; readonly word: string; readonly sign: IconName };

/** The first line of the page: how many stories ended, and how. */
export function renderSummary(stories: readonly StoryState[]): Html {
  const looks = stories.map((story) => standingOf(story).look);
  const count = (look: string) => looks.filter((each) => each === look).length;
  const ended = count("as-expected") + count("otherwise");
  const parts = [
    `${count("as-expected")} of ${stories.length} ended as expected`,
    ...(count("otherwise") > 0 ? [`${count("otherwise")} otherwise`] : []),
    ...(count("asks") > 0 ? [`${count("asks")} asks you`] : []),
    ...(ended === stories.length ? [] : [`${stories.length - ended} to go`]),
  ];
  return html`<p role="status">${parts.join(" · ")}</p>
<progress aria-label="stories ended" max="${stories.length}" value="${ended}"></progress>`;
}

/** The title of the window: what is worth coming back for. */
export function titleOf(stories: readonly StoryState[]): string {
  const looks = stories.map((story) => standingOf(story).look);
  const good = looks.filter((look) => look === "as-expected").length;
  const bad = looks.filter((look) => look === "otherwise").length;
  const begins = looks.includes("asks") ? "? " : "";
  return `${begins}${good}/${stories.length}${bad > 0 ? `, ${bad} otherwise` : ""} · afk demo`;
}

/** A tile for every story: its name, its issue, how it must end and how it did. */
export function renderTiles(stories: readonly StoryState[]): Html {
  return html`${stories.map(renderTile)}`;
}

function renderTile(story: StoryState): Html {
  const { name, issue, title, expected, got, end } = story.view;
  const { look, word, sign } = standingOf(story);
  const key = issue === null ? "no issue yet" : `${issue.repo}#${issue.number}`;
  const box = look === "asks" ? askBox(story) : null;
  const isEnd = end === "as-expected" || end === "otherwise";
  return html`<li class="tile ${look}" data-key="${name}">
<p class="head">${icon(sign)}<a href="#story-${name}">${name}</a><span class="key" title="${title}">${key}</span><span class="word">${box === null ? word : html`<a href="#${box}">${word}</a>`}</span></p>
<dl><dt>expected</dt><dd>${endIcon(expected)}${expected}</dd>
<dt>${isEnd ? "got" : "now"}</dt><dd>${endIcon(got)}${got}</dd></dl>
</li>
`;
}

/** What a story's heading shows of its end. */
export function renderStanding(story: StoryState): Html {
  const { look, word, sign } = standingOf(story);
  return html`<span class="standing ${look}">${icon(sign)}${word}</span>`;
}

/** The id of the first answer box of a story; null for a request that is no question. */
function askBox({ threads }: StoryState): string | null {
  const asks = threads.flatMap((thread) => thread.asks);
  const question = asks.find(({ kind }) => kind === "question");
  return question === undefined ? null : answerBoxId(question.requestId);
}

function standingOf({ view, threads }: StoryState): Standing {
  switch (view.end) {
    case "as-expected":
      return { look: "as-expected", word: "as expected", sign: "check" };
    case "otherwise":
      return { look: "otherwise", word: "otherwise", sign: "cross" };
    case "not-begun":
      return { look: "not-begun", word: "to come", sign: "circle" };
    case "under-way": {
      const asks = threads.some((thread) => thread.asks.length > 0);
      if (asks) return { look: "asks", word: "asks you", sign: "question" };
      return { look: "under-way", word: "under way", sign: "clock" };
    }
  }
}
