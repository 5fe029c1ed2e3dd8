import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * The metrics of one process, as Prometheus reads them: each part adds its own under a name that begins with `astro_`.
 * Labels have few values that are known from the sources (a route, a subject, a projection, a code): never an id, a name that
 * somebody chose, or an organization. A test compares the names with the table in docs/operator-guide.md.
 */
export type Metrics = Registry;

/** Token of the metrics of the process. */
export const METRICS = Symbol('metrics');

/** A registry that has Node's own metrics. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
