import type { FastifyRequest } from 'fastify';
import type { EdgeMetrics } from './metrics.ts';

const codes = new WeakMap<FastifyRequest, string>();

/** Counts a problem that a request is answered with, and remembers its code for the access log. */
export function noteProblem(metrics: EdgeMetrics, request: FastifyRequest, code: string): void {
  metrics.problem(code);
  codes.set(request, code);
}

/** Code of the problem that a request was answered with; undefined for a good answer. */
export const problemCodeOf = (request: FastifyRequest): string | undefined => codes.get(request);
