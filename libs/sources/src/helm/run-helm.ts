import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type DomainError, type Result } from '#kernel';
import { runProgram, type ProgramFailure } from '../run-program.ts';
import type { RenderTarget, SourceContext } from '../source.ts';
import { sourceErrors } from '../source-errors.ts';
import { plainHelmError } from './plain-helm-error.ts';
import { createSlots } from '../slots.ts';

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 20 * 1_048_576;
/** Address space. helm needs 1.2 GiB of it to start, and uses less than 50 MB of it. */
const MEMORY_BYTES = 1_717_986_918;
const FILE_BYTES = 1_048_576;

/** At most two programs at a time in this process, so that charts do not take all processors. */
const slots = createSlots(2);

export interface HelmRun {
  /** Folder that contains `chart` and `home`; see {@link prepareHome}. */
  readonly folder: string;
  /** Paths of values files, later ones first in precedence. */
  readonly values: readonly string[];
  readonly release: { readonly name: string; readonly namespace: string };
  readonly target: RenderTarget;
  /** Replaces what may be secret in the text of an error. */
  readonly hide: (text: string) => string;
}

/** Creates the home folder of helm, without plugins, configuration, and credentials of clusters. */
export async function prepareHome(folder: string): Promise<void> {
  await mkdir(join(folder, 'home', 'plugins'), { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'home', 'kubeconfig'), '', { mode: 0o600 });
}

/** Runs `helm template` without network and plugins. @returns its output */
export async function runHelm(
  helm: string,
  { folder, values, release, target, hide }: HelmRun,
  context: Pick<SourceContext, 'clock' | 'signal'>,
): Promise<Result<string, DomainError>> {
  const run = await slots(() =>
    runProgram({
      program: helm,
      args: [
        'template',
        '--include-crds',
        '--skip-tests',
        `--namespace=${release.namespace}`,
        `--kube-version=${target.kubernetesVersion}`,
        ...apiVersionsOf(target).map((version) => `--api-versions=${version}`),
        ...values.map((file) => `--values=${file}`),
        '--', // ends the options
        release.name,
        join(folder, 'chart'),
      ],
      env: environmentOf(join(folder, 'home')),
      cwd: folder,
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      memoryBytes: MEMORY_BYTES,
      fileBytes: FILE_BYTES,
      signal: context.signal,
      clock: context.clock,
    }),
  );
  return run.ok
    ? ok(run.value.stdout.toString('utf8'))
    : err(errorOf({ ...run.error, stderr: hide(run.error.stderr) }, folder));
}

/** Versions, such as `apps/v1`, and the kinds in them, such as `apps/v1/Deployment`. Charts ask for either. */
function apiVersionsOf({ apiVersions }: RenderTarget): readonly string[] {
  const valid = apiVersions.filter((version) => /^[A-Za-z0-9./-]{1,300}$/.test(version));
  const versions = valid.map((version) => version.replace(/\/[A-Z][^/]*$/, ''));
  return [...new Set([...versions, ...valid])];
}

/** Complete environment of helm. The proxy does not exist, so that helm cannot use the network. */
const environmentOf = (home: string): Readonly<Record<string, string>> => ({
  PATH: '',
  HOME: home,
  TMPDIR: home,
  HELM_CACHE_HOME: join(home, 'cache'),
  HELM_CONFIG_HOME: join(home, 'config'),
  HELM_DATA_HOME: join(home, 'data'),
  HELM_PLUGINS: join(home, 'plugins'),
  HELM_NO_PLUGINS: '1',
  KUBECONFIG: join(home, 'kubeconfig'),
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  NO_PROXY: '',
  NO_COLOR: '1',
});

function errorOf(failure: ProgramFailure, folder: string): DomainError {
  const fix = 'simplify the templates of the chart, or split it into several charts';
  switch (failure.reason) {
    case 'timeout':
      return sourceErrors.renderLimit(`Rendering the chart took longer than ${TIMEOUT_MS / 1_000} s.`, fix);
    case 'output':
      return sourceErrors.renderLimit(`The rendered chart is larger than ${MAX_OUTPUT_BYTES / 1_048_576} MB.`, fix);
    case 'aborted':
      return sourceErrors.canceled();
    case 'not-installed':
      return sourceErrors.programMissing('helm');
    case 'exit':
      // Go ends a program without memory with exit code 2 and this text; a program that is killed has no exit code.
      return failure.code === undefined || /out of memory|cannot allocate memory/.test(failure.stderr)
        ? sourceErrors.renderLimit('Rendering the chart needed more memory than 1.6 GiB.', fix)
        : plainHelmError(failure.stderr, folder);
  }
}
