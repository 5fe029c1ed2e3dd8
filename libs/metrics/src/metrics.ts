import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * The metrics of one process for Prometheus. Names begin with `astro_`. Labels have few values, all known from the
 * sources (a route, a subject, a projection, a code): never an ID, a name that a user chose, or an organization. A test
 * compares the names with the table in docs/operator-guide.md.
 */
export type Metrics = Registry;

/** Injection token of the process's metrics. */
export const METRICS = Symbol('metrics');

/** Creates a registry that includes the metrics of Node.js. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
