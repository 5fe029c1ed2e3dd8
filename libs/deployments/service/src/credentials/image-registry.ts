/** Names of Docker Hub for which a credential can be stored. */
const DOCKER_HUB = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** The registry of an image. */
export interface ImageRegistry {
  /** Hosts of which one may have a credential, the preferred one first. */
  readonly hosts: readonly string[];
  /** Name of the registry in a Secret of type `kubernetes.io/dockerconfigjson`. */
  readonly name: string;
}

/**
 * Returns the registry of an image reference, as container runtimes find it: the part before the first slash, if it looks
 * like a host, otherwise Docker Hub.
 */
export function registryOf(image: string): ImageRegistry {
  const slash = image.indexOf('/');
  const first = image.slice(0, Math.max(slash, 0)).toLowerCase();
  const isHost = first === 'localhost' || /[.:]/.test(first);
  return !isHost || DOCKER_HUB.includes(first)
    ? { hosts: DOCKER_HUB, name: 'https://index.docker.io/v1/' }
    : { hosts: [first.replace(/:443$/, '')], name: first };
}
