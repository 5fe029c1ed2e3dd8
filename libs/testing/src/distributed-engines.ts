import { randomUUID } from 'node:crypto';

/** Environment of processes whose read models and vault are in a database of their own on a MongoDB server. */
export function mongoEnvironment(server: string): Record<string, string> {
  const address = databaseAt(server, `astro-${randomUUID()}`);
  return {
    ASTRO_READ_STORE: address,
    ASTRO_VAULT: address,
    ASTRO_SEALING_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
  };
}

/** The address of one database on a server. @param server `mongodb://host:port/?options` */
export const databaseAt = (server: string, database: string): string =>
  server.replace(/\/?(\?|$)/, (_, end: string) => `/${database}${end}`);
