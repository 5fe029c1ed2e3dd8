/** Work by its name: functions of values that can be copied between threads, which neither wait nor remember. */
export type Jobs = Readonly<Record<string, (input: never) => unknown>>;

/** Why a job was ended or not begun: it took too long, took too much memory, or too many wait already. */
export type JobRefusal = 'time' | 'memory' | 'busy';

/** What a thread is told to do. */
export interface Order {
  readonly name: string;
  readonly input: unknown;
}

/** What a thread says: that it can be told something, what came of an order, or why nothing did. */
export type Report = { readonly ready: true } | { readonly value: unknown } | { readonly failure: string };

/** Does a job by its name. @throws what the job throws, and Error for the name of no job */
export function runJob(jobs: Jobs, { name, input }: Order): unknown {
  const job = Object.hasOwn(jobs, name) ? jobs[name] : undefined;
  if (!job) throw new Error(`unknown job ${name}`);
  return job(input as never); // the pool takes names and inputs of these same jobs only
}
