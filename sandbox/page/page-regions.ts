import type { DecisionLog } from "./decision-log.ts";
import type { Html } from "./html.ts";
import type { PageParts, Region } from "./page-document.ts";
import { type PageWorld, readPage } from "./page-state.ts";
import { renderDetail } from "./render-detail.ts";
import { renderBells, renderDecisions } from "./render-feeds.ts";
import { renderSummary, renderTiles, titleOf } from "./render-stories.ts";
import type { StoryView } from "./story-view.ts";

/** What changed after a version of the page, as JSON. */
export type Changes = {
  /** Of the page as it stands now; to be given the next time. */
  readonly version: number;
  readonly title: string;
  /** The regions that changed, each with its whole contents as markup. */
  readonly regions: readonly { readonly id: string; readonly html: string }[];
};

/** The page in regions, each of which remembers when it last changed. */
export type Regions = {
  /** All of it, as it stands. */
  parts(): PageParts;
  /** A version from elsewhere, or none, gets all regions. */
  changesSince(version: number): Changes;
};

/** What a region last was, and the version of the page in which it became so. */
type Kept = { readonly markup: string; readonly since: number };

/** Reads the world anew whenever it is asked. */
export function createRegions(source: {
  readonly world: PageWorld;
  readonly stories: () => readonly StoryView[];
  readonly log: DecisionLog;
}): Regions {
  const kept = new Map<string, Kept>();
  let version = 0;
  const look = (): PageParts => {
    const { title, ...regions } = renderRegions(source);
    const changed = regionsOf(regions).filter(
      ({ id, content }) => kept.get(id)?.markup !== content.markup,
    );
    if (changed.length > 0) version += 1;
    for (const { id, content } of changed) kept.set(id, { markup: content.markup, since: version });
    return { title, version, ...regions };
  };
  return {
    parts: look,
    changesSince(seen) {
      const parts = look();
      const known = seen <= parts.version ? seen : 0;
      const newer = regionsOf(parts).filter(({ id }) => (kept.get(id)?.since ?? 0) > known);
      return {
        version: parts.version,
        title: parts.title,
        regions: newer.map(({ id, content }) => ({ id, html: content.markup })),
      };
    },
  };
}

type Rendered = Omit<PageParts, "version">;

function renderRegions({ world, stories, log }: Parameters<typeof createRegions>[0]): Rendered {
  const state = readPage(world, stories());
  return {
    title: titleOf(state.stories),
    summary: region("summary", renderSummary(state.stories)),
    tiles: region("tiles", renderTiles(state.stories)),
    decisions: region("decisions", renderDecisions(log.list(), state.stories)),
    bells: region("bells", renderBells(state.bells)),
    details: state.stories.map((story) => region(`detail-${story.view.name}`, renderDetail(story))),
  };
}

function regionsOf(parts: Omit<Rendered, "title">): readonly Region[] {
  return [parts.summary, parts.tiles, parts.decisions, parts.bells, ...parts.details];
}

function region(id: string, content: Html): Region {
  return { id, content };
}
