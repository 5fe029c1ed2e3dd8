/** Functions by name. They must be synchronous and stateless, and their values must be cloneable between threads. */
export type Jobs = Readonly<Record<string, (input: never) => unknown>>;

/** Why a job was ended or refused: it took too long, used too much memory, or too many jobs were waiting. */
export type JobRefusal = 'time' | 'memory' | 'busy';

/** Message to a thread. */
export interface Order {
  readonly name: string;
  readonly input: unknown;
}

/** Message from a thread: that it is ready, the result of a job, or an error. */
export type Report = { readonly ready: true } | { readonly value: unknown } | { readonly failure: string };

/**
 * Runs a job by name.
 * @throws errors of the job, and Error for an unknown name
 */
export function runJob(jobs: Jobs, { name, input }: Order): unknown {
  const job = Object.hasOwn(jobs, name) ? jobs[name] : undefined;
  if (!job) throw new Error(`unknown job ${name}`);
  return job(input as never); // the pool accepts only names and inputs of these jobs
}
