import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

type Search = Readonly<Record<string, string | undefined>>;

/**
 * Returns the search parameters of the page's address, and a function that changes some of them. Undefined removes a
 * parameter. The address replaces the present one, so that `Back` leaves the page.
 */
export function useAddress(): readonly [Search, (change: Search) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback(
    (change: Search) =>
      void navigate({ to: '.', search: ((before: Search) => ({ ...before, ...change })) as never, replace: true }),
    [navigate],
  );
  return [search, change];
}
