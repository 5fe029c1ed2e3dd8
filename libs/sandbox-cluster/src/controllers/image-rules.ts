/** What the sandbox plays for one image. Every rule follows from the reference's text; nothing is left to chance. */
export interface ImageRule {
  /** Why the image cannot be had. */
  readonly pull?: 'invalid' | 'missing';
  /** How the program ends, each time it is started. */
  readonly ends?: { readonly code: number; readonly reason: 'Error' | 'OOMKilled' | 'Completed' };
  /** Milliseconds after its start at which the program answers probes; `never` for one that stays unready. */
  readonly answersAfterMs: number | 'never';
  /** The image names no user, so it runs as root unless the pod says otherwise. */
  readonly root: boolean;
}

const HOST = 'sandbox.invalid';

/**
 * Docker's official images that name no user, as of 2026. An image that is not on the list is taken to run as somebody else:
 * the sandbox pulls nothing and cannot look.
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
/** The grammar of image references, as container runtimes read it. */
const REFERENCE = new RegExp(
  `^(?:(${DOMAIN})/)?(${PART}(?:/${PART})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

export interface ImageReference {
  /** Empty when the reference names no host. */
  readonly host: string;
  readonly repository: string;
  /** `latest` when neither tag nor digest was given. */
  readonly tag: string;
  readonly digest?: string;
}

/** @returns `undefined` for a text that no runtime takes as a reference */
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
/** A program that ends by itself answers no probe before it does: no pod of it is ever ready. */
const FAILS: ImageRule = { ...RUNS, answersAfterMs: 'never' };

/** The rule of an image. Words of the reserved host may be followed by anything: `crash-2`, `slow-30s-b`. */
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
