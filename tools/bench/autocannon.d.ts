// The part of autocannon that the benchmarks use. The package has no types.
declare module 'autocannon' {
  interface Load {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration?: number;
    /** Requests after which it ends, instead of `duration`. */
    readonly amount?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly requests?: readonly LoadRequest[];
  }
  interface LoadRequest {
    readonly method: 'PUT';
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Completes each request before it is sent. */
    readonly setupRequest: (request: LoadRequest) => LoadRequest & { readonly path: string };
  }
  interface Outcome {
    readonly requests: { readonly average: number; readonly total: number };
    /** Seconds. */
    readonly duration: number;
    readonly non2xx: number;
    readonly errors: number;
  }
  export default function autocannon(load: Load): Promise<Outcome>;
}
