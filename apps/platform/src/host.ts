/** What the platform listens on: this machine alone, an ingress stands before it. */
export const HOST = '127.0.0.1';
