import type { ApplicationView } from '#deployments/contract';

type Filter = 'status' | 'cluster' | 'profile';
type Filtered = Pick<ApplicationView, 'status' | 'clusterName' | 'profileName'>;

/** Filters of the list of applications: their parameters in the address, and their titles. */
export const FILTERS: readonly (readonly [filter: Filter, title: string])[] = [
  ['status', 'Status'],
  ['cluster', 'Cluster'],
  ['profile', 'Profile'],
];

/** The parameters of the address without any filter. */
export const NO_FILTERS: Readonly<Record<Filter, undefined>> = {
  status: undefined,
  cluster: undefined,
  profile: undefined,
};

const valueOf: Readonly<Record<Filter, (application: Filtered) => string>> = {
  status: ({ status }) => status,
  cluster: ({ clusterName }) => clusterName,
  profile: ({ profileName }) => profileName,
};

/** Returns the values of a parameter such as `FAILED,DEGRADED`. */
export const selectedIn = (parameter: string | undefined): readonly string[] =>
  (parameter ?? '').split(',').filter((value) => value !== '');

/** Returns the values that each filter can have, sorted. */
export function choicesOf(items: readonly Filtered[]): Readonly<Record<Filter, readonly string[]>> {
  const of = (filter: Filter) => [...new Set(items.map(valueOf[filter]))].sort();
  return { status: of('status'), cluster: of('cluster'), profile: of('profile') };
}

/** Returns the applications that have one of the selected values of each filter. A filter without values allows all. */
export function matching<A extends Filtered>(
  items: readonly A[],
  parameters: Readonly<Partial<Record<Filter, string | undefined>>>,
): readonly A[] {
  const wanted = FILTERS.map(([filter]) => [filter, new Set(selectedIn(parameters[filter]))] as const).filter(
    ([, values]) => values.size > 0,
  );
  return wanted.length === 0
    ? items
    : items.filter((item) => wanted.every(([filter, values]) => values.has(valueOf[filter](item))));
}
