import { call } from '#testing';

/** A reader that sends requests at a rate, each with the position of the last acknowledged change. */
export interface PacedReader {
  /** Responses received so far. */
  responses(): number;
  /** Responses with an error, or with data from before the position of their request, one line each. */
  faults(): readonly string[];
  /** Resolves when all requests have a response. */
  stop(): Promise<void>;
}

/** The last acknowledged change: the number that it wrote, and the `Consistency` header of its response. */
export interface Acknowledged {
  readonly number: number;
  readonly position: string;
}

/** Options of a paced reader. */
export interface PacedReaderOptions {
  readonly url: string;
  /** Access key. */
  readonly credential: string;
  /** Paths that are read in turn. */
  readonly paths: readonly string[];
  /** Requests per second. Fewer are sent if `MOST_IN_FLIGHT` are unanswered. */
  readonly perSecond: number;
  readonly last: () => Acknowledged;
  /** Returns the number in a response; `undefined` if responses of this path contain none. */
  readonly numberIn: (path: string, body: unknown) => number | undefined;
}

/** Limits pending requests on a machine that cannot respond at the rate. */
const MOST_IN_FLIGHT = 8;

/** Starts to read. */
export function startPacedReader(options: PacedReaderOptions): PacedReader {
  const { url, credential, paths, perSecond, last, numberIn } = options;
  const faults: string[] = [];
  const inFlight = new Set<Promise<void>>();
  let responses = 0;
  let sent = 0;

  const read = async (path: string): Promise<void> => {
    const { number, position } = last();
    try {
      const { status, text, body } = await call(url, `GET ${path}`, { credential, headers: { consistency: position } });
      responses += 1;
      if (status !== 200) return void faults.push(`${path}: ${status} ${text}`);
      const found = numberIn(path, body);
      if (found !== undefined && !(found >= number)) faults.push(`${path}: ${found} after ${number} was acknowledged`);
    } catch (error) {
      faults.push(`${path}: ${error instanceof Error ? String(error.cause ?? error.message) : String(error)}`);
    }
  };
  const timer = setInterval(() => {
    if (inFlight.size >= MOST_IN_FLIGHT) return;
    const request = read(paths[(sent += 1) % paths.length] ?? '').finally(() => inFlight.delete(request));
    inFlight.add(request);
  }, 1_000 / perSecond);
  return {
    responses: () => responses,
    faults: () => faults,
    async stop() {
      clearInterval(timer);
      await Promise.all(inFlight);
    },
  };
}
