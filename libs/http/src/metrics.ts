import { createMetrics, type Metrics } from '#metrics';
import { Counter, Gauge, Histogram } from 'prom-client';

type Observer = ReturnType<Histogram<'method' | 'route' | 'status'>['labels']>;

/**
 * Metrics of the HTTP edge. Labels are route templates, methods, and statuses: never an ID, a name, or an organization.
 */
export class EdgeMetrics {
  readonly registry: Metrics;
  readonly openStreams: Gauge;
  private readonly refusedConnections: Counter;
  private readonly duration: Histogram<'method' | 'route' | 'status'>;
  private readonly refused: Counter<'code'>;
  private readonly observers = new Map<string, Observer>();

  /**
   * Creates the metrics.
   *
   * @param registry shared with other parts of the process. Default: a new one.
   */
  constructor(registry: Metrics = createMetrics()) {
    this.registry = registry;
    this.duration = new Histogram({
      name: 'astro_http_request_duration_seconds',
      help: 'Time until the response was sent',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [this.registry],
    });
    this.refused = new Counter({
      name: 'astro_http_refusals_total',
      help: 'Problem responses by code',
      labelNames: ['code'],
      registers: [this.registry],
    });
    this.refusedConnections = new Counter({
      name: 'astro_http_connections_refused_total',
      help: 'Connections closed because their address had too many open ones',
      registers: [this.registry],
    });
    this.openStreams = new Gauge({
      name: 'astro_http_open_streams',
      help: 'Open server-sent event streams',
      registers: [this.registry],
    });
  }

  connectionRefused(): void {
    this.refusedConnections.inc();
  }

  finished(method: string, route: string, status: number, milliseconds: number): void {
    const name = `${method} ${route} ${status}`;
    let observer = this.observers.get(name);
    if (!observer) this.observers.set(name, (observer = this.duration.labels({ method, route, status })));
    observer.observe(milliseconds / 1_000);
  }

  problem(code: string): void {
    this.refused.inc({ code });
  }
}
