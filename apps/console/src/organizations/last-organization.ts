const KEY = 'astro-organization';

/** Returns the slug of the organization that was used last in this browser. */
export const lastOrganization = (): string | null => localStorage.getItem(KEY);

/** Keeps the slug of the organization in use. */
export const keepLastOrganization = (slug: string): void => localStorage.setItem(KEY, slug);
