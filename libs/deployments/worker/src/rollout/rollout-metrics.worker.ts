import { createMetrics, METRICS, type Metrics } from '#metrics';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import type { Outcome } from './claim.worker.ts';

/** Metrics of this worker's rollouts. */
@Injectable()
export class RolloutMetrics {
  private readonly attempts: Counter<'outcome'>;
  private readonly held: Gauge;
  private readonly waitingNow: Gauge;

  constructor(@Optional() @Inject(METRICS) metrics: Metrics = createMetrics()) {
    const registers = [metrics];
    this.attempts = new Counter({
      name: 'astro_rollout_attempts_total',
      help: 'Attempts that this worker ended, by outcome; taken-over: another worker continues it',
      labelNames: ['outcome'],
      registers,
    });
    this.held = new Gauge({
      name: 'astro_rollout_attempts_in_hand',
      help: 'Attempts that this worker is working on',
      registers,
    });
    this.waitingNow = new Gauge({
      name: 'astro_rollout_attempts_waiting',
      help: 'Attempts that this worker is working on, with objects that are applied but not healthy yet',
      registers,
    });
  }

  ended(outcome: Outcome['outcome'] | 'taken-over'): void {
    this.attempts.inc({ outcome });
  }

  inHand<T>(work: () => Promise<T>): Promise<T> {
    return during(this.held, work);
  }

  waiting<T>(work: () => Promise<T>): Promise<T> {
    return during(this.waitingNow, work);
  }
}

async function during<T>(gauge: Gauge, work: () => Promise<T>): Promise<T> {
  gauge.inc();
  try {
    return await work();
  } finally {
    gauge.dec();
  }
}
