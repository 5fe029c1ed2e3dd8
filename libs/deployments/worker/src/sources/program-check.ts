import type { CheckResult } from '#runtime/contract';

/** What is not deployed without a program. */
const PROGRAMS = {
  git: { needed: 'sources in git', setting: 'ASTRO_GIT' },
  helm: { needed: 'charts', setting: 'ASTRO_HELM' },
  kubectl: { needed: 'kustomizations', setting: 'ASTRO_KUBECTL' },
} as const;

/**
 * Returns a check for each program that renders sources.
 *
 * @param found paths by name; undefined if the programs could not be searched for
 */
export const programChecks = (
  found: { readonly [Name in keyof typeof PROGRAMS]?: string } | undefined,
): CheckResult[] =>
  (['git', 'helm', 'kubectl'] as const).map((name) => {
    const { needed, setting } = PROGRAMS[name];
    if (found?.[name] !== undefined) return { name, status: 'ok', message: `${name} was found.`, fix: null };
    return {
      name,
      status: found === undefined ? 'failed' : 'warn',
      message: `${name} was not found, so that ${needed} cannot be deployed.`,
      fix:
        found === undefined ? 'see the log of the worker; the disk may be full' : `install ${name}, or set ${setting}`,
    };
  });
