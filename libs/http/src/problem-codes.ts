import type { FastifyRequest } from 'fastify';
import type { EdgeMetrics } from './metrics.ts';

const codes = new WeakMap<FastifyRequest, string>();

/** Counts the problem of a response, and stores its code for the access log. */
export function noteProblem(metrics: EdgeMetrics, request: FastifyRequest, code: string): void {
  metrics.problem(code);
  codes.set(request, code);
}

/** Returns the problem's code of a request; undefined for a success. */
export const problemCodeOf = (request: FastifyRequest): string | undefined => codes.get(request);
