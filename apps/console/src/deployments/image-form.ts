import { API_VERSION } from '#deployments/contract';

/** What the short form asks for; texts as they are typed. */
export interface ImageForm {
  readonly name: string;
  readonly image: string;
  readonly profile: string | undefined;
  readonly port: string;
  readonly replicas: string;
  readonly health: string;
  /** Variables, one `NAME=value` a line. */
  readonly env: string;
}

/** Parts of an image reference such as `images.acme.dev/shop/web:1.4.2`, as the fields of a manifest. */
export interface ImageReference {
  readonly registry?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * Splits an image reference as Docker does: the first part is the host of a registry if it contains a dot or a colon, or
 * is `localhost`. A tag that is left out is `latest`.
 */
export function imageReference(text: string): ImageReference {
  const [named = '', digest] = text.trim().split('@');
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(0, slash));
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const path = isHost ? named.slice(slash + 1) : named;
  const colon = path.lastIndexOf(':');
  const repository = colon === -1 ? path : path.slice(0, colon);
  const tag = colon === -1 ? undefined : path.slice(colon + 1);
  return {
    ...(isHost && { registry: first }),
    repository,
    ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest }),
  };
}

/** Returns the manifest of what was typed. Fields that are empty are left out, so that profile and tier decide. */
export function manifestOfForm({ name, image, profile, port, replicas, health, env }: ImageForm): object {
  const variables = env
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [variable = '', ...value] = line.split('=');
      return { name: variable.trim(), value: value.join('=') };
    });
  return {
    apiVersion: API_VERSION,
    kind: 'Application',
    metadata: { name: name.trim() },
    spec: {
      ...(profile !== undefined && { profileName: profile }),
      source: {
        type: 'image',
        image: {
          ...imageReference(image),
          ...(port.trim() !== '' && { port: numberOrText(port) }),
          ...(replicas.trim() !== '' && { replicas: numberOrText(replicas) }),
          ...(health.trim() !== '' && { health: { path: health.trim() } }),
          ...(variables.length > 0 && { env: variables }),
        },
      },
    },
  };
}

const numberOrText = (text: string): number | string => (/^\d+$/.test(text.trim()) ? Number(text) : text.trim());

/** Fields of the form by their places in the manifest. */
const FIELDS: readonly (readonly [pointer: string, field: keyof ImageForm])[] = [
  ['/spec/source/image/port', 'port'],
  ['/spec/source/image/replicas', 'replicas'],
  ['/spec/source/image/health', 'health'],
  ['/spec/source/image/env', 'env'],
  ['/spec/source/image', 'image'],
  ['/spec/profileName', 'profile'],
  ['/spec/name', 'name'],
  ['/metadata/name', 'name'],
];

/** Returns the field of the form to which an error in its manifest belongs. */
export const fieldOf = (pointer: string): keyof ImageForm | undefined =>
  FIELDS.find(([place]) => pointer === place || pointer.startsWith(`${place}/`))?.[1];
