import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { hostInUrl } from '#egress';
import type { Clock, Logger } from '#kernel';
import { makePrivateFolder, writePrivateFile } from '#files';
import type { SandboxAddress, SandboxConnection } from '#sandbox-cluster/contract';
import { generate } from 'selfsigned';
import { SandboxThread } from './sandbox-thread.service.ts';
import { slotOf, takenSlots, takeSlot, wholeNumberIn } from './slots.service.ts';

/** Injection token of the SandboxServer. */
export const SANDBOXES = Symbol('sandboxes');

export interface SandboxServer {
  /** Returns the connection to an organization's sandbox, creating the sandbox on first use. */
  connectionOf(organizationId: string): Promise<SandboxConnection>;
  /** Returns the address of an organization's sandbox without opening it. */
  addressOf(organizationId: string): Promise<SandboxAddress>;
  /** Resolves when every existing sandbox is reachable. */
  readonly serving: Promise<void>;
  close(): Promise<void>;
}

export interface SandboxServerOptions {
  /** Data folder of the platform. */
  readonly folder: string;
  /** IP address that they listen on. */
  readonly host: string;
  /** Host name or IP address (IPv6 without brackets) in their addresses; defaults to `host`. */
  readonly reachedAt?: string;
  /** Port that the first slot tries at its first start. Slot N tries this port plus N. */
  readonly preferredPort: number;
  /** Maximum number of nodes of one sandbox; 100 by default. */
  readonly mostNodes?: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** See {@link SandboxThread}. */
  readonly program?: string;
  /** Called with each port before any address with that port is returned. */
  readonly listening?: (port: number) => void;
}

const CERTIFICATE_DAYS = 3_650;
const LAST_PORT = 65_535;

/**
 * Serves the sandbox clusters of all organizations, each below its own path, from a few threads with one port each.
 * Uses TLS because kubectl sends tokens over TLS only. Stores the certificate, the ports, and the slot of each sandbox
 * in the data folder.
 */
export async function startSandboxes({
  folder: data,
  host,
  reachedAt = host,
  preferredPort,
  mostNodes,
  listening,
  ...surroundings
}: SandboxServerOptions): Promise<SandboxServer> {
  const folder = join(data, 'sandbox');
  const clusters = join(folder, 'clusters');
  makePrivateFolder(clusters);
  const { certificate, key } = await certificateIn(folder, reachedAt);
  const slots = new Map<string, number>();
  const threads = new Map<number, SandboxThread>();

  const slotFor = (organizationId: string): number => {
    const slot = slots.get(organizationId) ?? slotOf(clusters, organizationId) ?? takeSlot(clusters, organizationId);
    slots.set(organizationId, slot);
    return slot;
  };
  const firstPort = (slot: number): number =>
    preferredPort === 0 || preferredPort + slot > LAST_PORT ? 0 : preferredPort + slot;
  function threadOf(slot: number): SandboxThread {
    const known = threads.get(slot);
    if (known) return known;
    const thread = new SandboxThread(
      {
        clusters,
        slot,
        host,
        preferredPort: portIn(folder, slot) ?? firstPort(slot),
        certificate,
        key,
        ...(mostNodes !== undefined && { mostNodes }),
      },
      surroundings,
    );
    threads.set(slot, thread);
    return thread;
  }
  /** Stores and returns the port of a slot. Kubeconfigs contain it, so the next start tries the same port. */
  async function served(slot: number): Promise<number> {
    const port = await threadOf(slot).serving;
    listening?.(port);
    if (portIn(folder, slot) !== port) writePrivateFile(portFile(folder, slot), String(port));
    return port;
  }

  const addressOf = async (organizationId: string): Promise<SandboxAddress> => ({
    server: `https://${hostInUrl(reachedAt)}:${await served(slotFor(organizationId))}/sandbox/${organizationId}`,
    certificateAuthority: certificate,
  });

  // A thread that failed is restarted.
  const serving = Promise.allSettled([...new Set(takenSlots(clusters))].map(served)).then(() => {});
  return {
    serving,
    addressOf,
    async connectionOf(organizationId) {
      const address = await addressOf(organizationId);
      const { token, uid } = await threadOf(slotFor(organizationId)).open(organizationId);
      return { ...address, token, uid };
    },
    async close() {
      await Promise.all([...threads.values()].map((thread) => thread.stop()));
    },
  };
}

const portFile = (folder: string, slot: number): string => join(folder, `port-${slot}`);

/** Returns the port that the slot last used. */
const portIn = (folder: string, slot: number): number | undefined => wholeNumberIn(portFile(folder, slot), LAST_PORT);

/** Returns the certificate in the folder. Creates one if it is missing or does not include the name. */
async function certificateIn(
  folder: string,
  name: string,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  const isThere = existsSync(files.certificate) && existsSync(files.key);
  if (!isThere || !isFor(readFileSync(files.certificate, 'utf8'), name)) {
    const made = await makeCertificate(name);
    writePrivateFile(files.key, made.private);
    writePrivateFile(files.certificate, made.cert);
  }
  return { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') };
}

function isFor(certificate: string, name: string): boolean {
  const read = new X509Certificate(certificate);
  return (isIP(name) === 0 ? read.checkHost(name) : read.checkIP(name)) !== undefined;
}

/** Creates a self-signed certificate for the name and for this machine. */
function makeCertificate(name: string): ReturnType<typeof generate> {
  const notAfterDate = new Date(Date.now() + CERTIFICATE_DAYS * 86_400_000);
  return generate([{ name: 'commonName', value: 'astro-sandbox' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...new Set([name, '127.0.0.1', 'localhost'])].map((one) =>
          isIP(one) === 0 ? { type: 2 as const, value: one } : { type: 7 as const, ip: one },
        ),
      },
    ],
  });
}
