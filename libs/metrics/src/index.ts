export { createMetrics, METRICS, type Metrics } from './metrics.ts';
