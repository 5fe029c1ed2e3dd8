/** Simulated behavior of an image. It depends only on the text of the reference; nothing is random. */
export interface ImageRule {
  /** Reason why the image cannot be pulled. */
  readonly pull?: 'invalid' | 'missing';
  /** Exit of the program, the same after each start. */
  readonly ends?: { readonly code: number; readonly reason: 'Error' | 'OOMKilled' | 'Completed' };
  /** Milliseconds after its start at which the program responds to probes; `never` if it never becomes ready. */
  readonly answersAfterMs: number | 'never';
  /** Whether the image specifies no user and therefore runs as root unless the pod sets one. */
  readonly root: boolean;
}

const HOST = 'sandbox.invalid';

/**
 * Docker official images that specify no user, as of 2026. The sandbox does not pull images and assumes that all others
 * specify one.
 */
const ROOT_IMAGES: ReadonlySet<string> = new Set(
  (
    'alpine amazonlinux bash busybox caddy couchdb cassandra centos composer consul debian docker drupal eclipse-temurin erlang fedora gcc ghost golang gradle ' +
    'hello-world httpd influxdb joomla julia mariadb maven mongo mysql nextcloud nginx node openjdk oraclelinux perl php phpmyadmin postgres python rabbitmq ' +
    'redis redmine registry rockylinux ruby rust swift telegraf tomcat traefik ubuntu vault wordpress'
  ).split(' '),
);

const DOMAIN =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
/** Grammar of image references, as in container runtimes. */
const REFERENCE = new RegExp(
  `^(?:(${DOMAIN})/)?(${PART}(?:/${PART})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

export interface ImageReference {
  /** Registry host; empty if the reference has none. */
  readonly host: string;
  readonly repository: string;
  /** Tag; `latest` if the reference has neither a tag nor a digest. */
  readonly tag: string;
  readonly digest?: string;
}

/** @returns `undefined` if the reference is invalid */
export function parseImage(image: string): ImageReference | undefined {
  const parts = image.length > 512 ? null : REFERENCE.exec(image);
  if (!parts) return undefined;
  const [, first = '', rest = '', tag, digest] = parts;
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
  const repository = isHost || first === '' ? rest : `${first}/${rest}`;
  return {
    host: isHost ? first : '',
    repository,
    tag: tag ?? (digest === undefined ? 'latest' : ''),
    ...(digest !== undefined && { digest }),
  };
}

const RUNS: ImageRule = { answersAfterMs: 0, root: false };
/** A program that exits responds to no probe before, so its pods never become ready. */
const FAILS: ImageRule = { ...RUNS, answersAfterMs: 'never' };

/** Returns the behavior of an image. A keyword of the reserved host may have a suffix: `crash-2`, `slow-30s-b`. */
export function imageRule(image: string): ImageRule {
  const reference = parseImage(image);
  if (!reference) return { ...RUNS, pull: 'invalid' };
  if (reference.host === HOST) return reservedRule(reference.tag);
  const official = reference.host === '' || reference.host === 'docker.io' || reference.host === 'index.docker.io';
  return { ...RUNS, root: official && ROOT_IMAGES.has(reference.repository.replace(/^library\//, '')) };
}

function reservedRule(tag: string): ImageRule {
  const exit = /^exit-(\d{1,3})/.exec(tag);
  const slow = /^slow-(\d{1,5})s/.exec(tag);
  if (exit)
    return {
      ...FAILS,
      ends: { code: Number(exit[1]) % 256, reason: Number(exit[1]) % 256 === 0 ? 'Completed' : 'Error' },
    };
  if (slow) return { ...RUNS, answersAfterMs: Number(slow[1]) * 1000 };
  if (tag.startsWith('crash')) return { ...FAILS, ends: { code: 1, reason: 'Error' } };
  if (tag.startsWith('oom')) return { ...FAILS, ends: { code: 137, reason: 'OOMKilled' } };
  if (tag.startsWith('missing')) return { ...RUNS, pull: 'missing' };
  if (tag.startsWith('unready')) return { ...RUNS, answersAfterMs: 'never' };
  return { ...RUNS, root: tag.startsWith('root') };
}
