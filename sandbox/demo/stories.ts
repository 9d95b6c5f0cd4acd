import { calmStories } from "./stories-calm.ts";
import { peopleStories } from "./stories-people.ts";
import { troubleStories } from "./stories-trouble.ts";
import type { Story } from "./story.ts";

/** Every story, in the order in which its issue is opened. */
export const STORIES: readonly Story[] = [...calmStories, ...peopleStories, ...troubleStories];

/** The stories of the given name; all of them for none. Null when no story has that name. */
export function selectStories(name: string | undefined): readonly Story[] | null {
  if (name === undefined) return STORIES;
  const found = STORIES.filter((story) => story.name === name);
  if (found.length === 0) return null;
  // A story that plays together with another one brings it along.
  const partners = new Set(found.flatMap((story) => story.with ?? []));
  return STORIES.filter((story) => found.includes(story) || partners.has(story.name));
}
