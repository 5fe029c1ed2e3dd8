import { expectsText } from '#bus/contract';
import {
  ExitCode,
  isCommandError,
  localError,
  usage,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import {
  applicationSpecSchema,
  applicationStatusRequest,
  applyApplicationRequest,
  getRevisionRequest,
  readApplication,
} from '#deployments/contract';
import { reasonIn, type applicationCommands } from './commands.cli.ts';
import { confirmingRemovals } from './confirm-removals.cli.ts';
import { revisionOf } from './diff.cli.ts';
import { timeoutOf, waitForRollout } from './rollout-wait.cli.ts';

/** How often a change is tried while somebody else changes the application at the same time. */
const TRIES = 5;
const PRECONDITION_FAILED = 'edge/precondition-failed';

/** Runs `app set NAME PATH=VALUE…`: applies the manifest of the latest revision with the given fields changed. */
export async function appSet(options: Options<typeof applicationCommands.appSet>, session: Session): Promise<Outcome> {
  const { name, field: fields, wait } = options;
  const dryRun = options['dry-run'];
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const wrong = fields.find((field) => !/^[^=]+=/.test(field));
  if (wrong !== undefined) return usage(`${wrong} is not PATH=VALUE.`, `astroctl app set ${name} image.tag=1.5.0`);
  const org = await session.organization();
  if (isCommandError(org)) return org;
  for (let tries = 1; ; tries++) {
    const present = await session.call(getRevisionRequest, { org, name, revision: 'latest' });
    if (!present.ok) return present.failure;
    const changed = await withFields(present.value.manifest, fields, name);
    if (isCommandError(changed)) return changed;
    const how = { dryRun, ifMatch: present.value.revision };
    const input = { org, name, manifest: changed, ...reasonIn(options) };
    const applied = dryRun
      ? await session.call(applyApplicationRequest, input, how)
      : await confirmingRemovals(session, (allow) =>
          session.call(applyApplicationRequest, { ...input, ...allow }, how),
        );
    if (!applied.ok) {
      if (applied.failure.code === PRECONDITION_FAILED && tries < TRIES) continue;
      return applied.failure;
    }
    const { outcome, changes, application } = applied.value;
    const text = `application/${name} ${outcome}${dryRun ? ' (dry run)' : ''}`;
    await session.print.done(applied.value, { text, name: `application/${name}` });
    if (changes.length > 0)
      session.print.note(
        `${name} ${application.version}: ${changes.join('; ')}${dryRun ? '' : ` (see: astroctl app diff ${name} ${present.value.version} ${application.version})`}`,
      );
    if (!wait || dryRun) return ExitCode.Success;
    const { version } = application;
    return waitForRollout(session, { org, name, version, goal: 'running', timeoutMs, narrate: true });
  }
}

/** Returns the manifest with the fields set, or the reason why one of them cannot be set. */
async function withFields(manifest: unknown, fields: readonly string[], name: string): Promise<object | CommandError> {
  const copy: unknown = JSON.parse(JSON.stringify(manifest));
  const spec = recordOf(recordOf(copy)['spec']);
  for (const field of fields) {
    const at = field.indexOf('=');
    const path = pathOf(field.slice(0, at), spec);
    const text = field.slice(at + 1);
    const problem = path.some((step) => step === '' || step in Object.prototype)
      ? 'it is not a path of fields'
      : setAt(spec, path, text === '' ? undefined : await valueOf(path, text));
    if (problem !== undefined)
      return usage(`${field.slice(0, at)} cannot be set: ${problem}.`, `see the fields: astroctl app export ${name}`);
  }
  const read = readApplication(copy);
  if (read.ok) return recordOf(copy);
  return localError(
    ExitCode.Failed,
    `${read.error
      .map(({ pointer, message }) => `${pointer.replace(/^\/spec\//, '').replaceAll('/', '.')} ${message}`)
      .join('; ')
      .replace(/[^.?]$/, '$&.')} Nothing was sent.`,
    `see the fields: astroctl app export ${name}`,
    'deployments/manifest-invalid',
  );
}

/** Top-level fields of the spec. Any other path is relative to the source. */
const OF_THE_SPEC = new Set(Object.keys(applicationSpecSchema.shape));

/**
 * Returns the path of a field: `image.tag` becomes `source.image.tag`. A label or an item's name may contain dots, as
 * in `labels.acme.dev/team`; it is kept as one step.
 */
function pathOf(written: string, spec: Readonly<Record<string, unknown>>): readonly string[] {
  const words = written.split('.');
  if (words[0] === 'spec') words.shift();
  const path = OF_THE_SPEC.has(words[0] ?? '') ? words : ['source', ...words];
  if (path[0] === 'labels') return ['labels', path.slice(1).join('.')];
  const list = path.findIndex((_, end) => Array.isArray(valueAt(spec, path.slice(0, end + 1))));
  const names = itemNames(valueAt(spec, path.slice(0, list + 1)));
  const rest = path.slice(list + 1);
  if (list < 0) return path;
  const whole = rest.map((_, end) => rest.slice(0, end + 1).join('.')).findLast((name) => names.includes(name));
  return whole === undefined ? path : [...path.slice(0, list + 1), whole, ...rest.slice(whole.split('.').length)];
}

/**
 * Returns the text itself where the manifest requires text, so that a tag stays `1.10`, and otherwise the text parsed
 * as YAML.
 */
async function valueOf(path: readonly string[], text: string): Promise<unknown> {
  const indexed = path.map((step, index) =>
    path[index - 1] !== undefined && LISTS.has(path[index - 1] ?? '') ? '0' : step,
  );
  const leaf = path.at(-2) === 'env' ? [...indexed, 'value'] : indexed;
  if (expectsText(applicationSpecSchema, leaf)) return text;
  const { parse } = await import('yaml');
  try {
    return parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Lists whose items have names. */
const LISTS = new Set(['env', 'ports', 'volumes', 'configFiles']);

/**
 * Sets or adds the field at `path`, or removes it when `value` is undefined.
 * @returns the reason when that is not possible
 */
function setAt(spec: Record<string, unknown>, path: readonly string[], value: unknown): string | undefined {
  let at: unknown = spec;
  for (const [index, step] of path.entries()) {
    const isLast = index === path.length - 1;
    if (Array.isArray(at)) {
      const found = itemAt(at, step);
      if (isLast) return setItem(at, found, step, value, path[index - 1]);
      if (found < 0) return `there is no ${step} in ${path.slice(0, index).join('.')}`;
      at = at[found];
      continue;
    }
    if (!isRecord(at)) return `${path.slice(0, index).join('.')} has no fields`;
    if (isLast) {
      if (value === undefined) delete at[step];
      else at[step] = value;
      return undefined;
    }
    at[step] ??= LISTS.has(step) ? [] : {};
    at = at[step];
  }
  return undefined;
}

function setItem(
  list: unknown[],
  found: number,
  step: string,
  value: unknown,
  listName: string | undefined,
): string | undefined {
  if (value === undefined) {
    if (found >= 0) list.splice(found, 1);
    return undefined;
  }
  const item = listName === 'env' && typeof value === 'string' ? { name: step, value } : value;
  if (listName !== 'env' && !isRecord(item) && found < 0 && step !== String(list.length)) return `there is no ${step}`;
  if (found < 0) list.push(item);
  else list[found] = item;
  return undefined;
}

const itemNames = (list: unknown): string[] =>
  Array.isArray(list) ? list.map((item) => String(recordOf(item)['name'] ?? recordOf(item)['path'] ?? '')) : [];

function itemAt(list: readonly unknown[], step: string): number {
  const named = itemNames(list).indexOf(step);
  return named < 0 && /^\d{1,4}$/.test(step) && Number(step) < list.length ? Number(step) : named;
}

function valueAt(spec: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, step) => recordOf(at)[step], spec);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** Runs `app export NAME`: prints the manifest of a revision in the form that `app apply` reads. */
export async function appExport(
  { name, revision: version }: Options<typeof applicationCommands.appExport>,
  session: Session,
): Promise<Outcome> {
  const revision = version === undefined ? 'latest' : revisionOf(version, name);
  if (isCommandError(revision)) return revision;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getRevisionRequest, { org, name, revision });
  if (!found.ok) return found.failure;
  const { manifest, hidden } = found.value;
  if (session.print.format === 'name') session.print.line(`application/${name}`);
  else if (session.print.format === 'json') session.print.line(JSON.stringify(manifest, null, 2));
  else {
    const { stringify } = await import('yaml');
    session.print.line(stringify(manifest, { version: '1.1', lineWidth: 0 }).trimEnd());
  }
  if (hidden > 0)
    session.print.note(
      `Warning: ${hidden} values are shown as fingerprints, because you are not allowed to deploy ${name}; the manifest cannot be applied unchanged.`,
    );
  return ExitCode.Success;
}

/** Runs `app open NAME`: prints the address of the application or of its page, and opens it if there is a browser. */
export async function appOpen(
  { name, console: isPage }: Options<typeof applicationCommands.appOpen>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(applicationStatusRequest, { org, name });
  if (!found.ok) return found.failure;
  const { endpoint, organization } = found.value;
  const page = `${session.flags.apiUrl}/o/${organization}/apps/${name}`;
  const url = isPage ? page : endpoint;
  if (url === null)
    return localError(
      ExitCode.Failed,
      `${name} has no external address.`,
      `add one: astroctl app set ${name} externalAccess.domain=DOMAIN`,
    );
  const shown = isPage ? { name, console: url } : { name, endpoint: url };
  await session.print.done(shown, { text: url, name: `application/${name}` });
  if (!session.io.openBrowser(url)) session.print.note('No browser was found. Open the address in a browser.');
  return ExitCode.Success;
}
