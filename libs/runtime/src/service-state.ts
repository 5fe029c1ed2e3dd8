import type { ProjectionControl, ProjectionStatus } from '#event-sourcing';
import type { Dependency } from '#http';
import { sequenceOf, VERSION, withTimeout, type Clock, type Projection } from '#kernel';
import { PARKED_LISTED, type CheckResult, type ProjectionView, type ServiceState } from '#runtime/contract';
import type { Engines } from './engines.ts';
import { processChecks } from './process-checks.ts';
import type { ServiceSettings } from './service.ts';

/**
 * Returns the state of a service of this process, for `admin doctor` and `admin projections`.
 *
 * @param options.checks whether to check something, or to return only the projections
 */
export type StateOf = (service: string, options: { readonly checks: boolean }) => Promise<ServiceState>;

/** Injection token of a `StateOf`. */
export const SERVICE_STATE = Symbol('service state');

export interface ServiceStateOptions {
  readonly process: ServiceState['process'];
  readonly settings: Pick<ServiceSettings, 'configuration' | 'dataFolder'>;
  readonly engines: Engines;
  readonly clock: Clock;
  readonly dependencies: () => Promise<readonly Dependency[]>;
  /** Returns the checks of one service. */
  readonly ownChecks: (service: string) => Promise<readonly CheckResult[]>;
  /** Returns the projections of one service. */
  readonly projectionsOf: (service: string) => readonly Pick<Projection<never, never>, 'name'>[];
  /** Called after the start. Undefined if the process builds no projections. */
  readonly control: () => Pick<ProjectionControl, 'status'> | undefined;
}

/** Milliseconds after which the stores count as unavailable. */
const TIMEOUT_MS = 3_000;
/** Milliseconds for which the checks of the process are used for all of its services. */
const CACHE_MS = 1_000;

export function createServiceState(options: ServiceStateOptions): StateOf {
  const { process, clock, ownChecks } = options;
  let last: Promise<readonly CheckResult[]> | undefined;
  let checkedMs = 0;
  const checks = (): Promise<readonly CheckResult[]> => {
    if (!last || clock.monotonic() - checkedMs > CACHE_MS) {
      checkedMs = clock.monotonic();
      last = processChecks(options);
    }
    return last;
  };
  return async (service, { checks: isChecked }) => {
    const [shared, own, projections] = await Promise.all([
      isChecked ? checks() : [],
      isChecked ? ownChecks(service) : [],
      projectionsOf(service, options),
    ]);
    return {
      service,
      process,
      version: VERSION,
      time: new Date(clock.now()).toISOString(),
      checks: [...shared],
      ownChecks: [...own],
      projections,
    };
  };
}

/** Returns the projections of a service; null if the stores do not respond. */
async function projectionsOf(service: string, options: ServiceStateOptions): Promise<ProjectionView[] | null> {
  const names = new Set(options.projectionsOf(service).map(({ name }) => name));
  const control = options.control();
  if (names.size === 0 || control === undefined) return [];
  const read = control.status(names).catch(() => undefined);
  const statuses = await withTimeout(options.clock, TIMEOUT_MS, read, () => undefined);
  return statuses?.map((status) => projectionOf(service, status)) ?? null;
}

/** Returns a projection as global admins see it. */
export function projectionOf(context: string, status: ProjectionStatus): ProjectionView {
  const { name, position = null, head, lagEvents, lagSeconds, parked, rebuild, leader = null } = status;
  return {
    name,
    context,
    ...stateOf(status),
    position,
    head,
    lagEvents,
    lagSeconds: Math.round(lagSeconds * 10) / 10,
    parked: parked.length,
    parkedDocuments: parked.slice(0, PARKED_LISTED).map((document) => ({ ...document })),
    rebuild: rebuild
      ? {
          requestedAt: rebuild.requestedAt ?? null,
          position: rebuild.position ?? null,
          percent: percentOf(rebuild.position, head),
          failure: rebuild.failure ?? null,
        }
      : null,
    leader,
  };
}

/** Seconds that a projection whose leader is another process may be behind before it counts as catching up. */
const BEHIND_SECONDS = 10;

function stateOf({ state, halt, rebuild, lagSeconds }: ProjectionStatus): Pick<ProjectionView, 'state' | 'reason'> {
  if (halt !== undefined) return { state: 'stopped', reason: halt };
  if (rebuild && rebuild.failure === undefined) return { state: 'rebuilding', reason: null };
  if (state === 'stopped') return { state, reason: 'This process has not started to build it.' };
  const isBehind = state === 'catching-up' || (state === 'following' && lagSeconds > BEHIND_SECONDS);
  return { state: isBehind ? 'catching-up' : 'running', reason: null };
}

function percentOf(position: ProjectionStatus['position'], head: ProjectionStatus['head']): number {
  const end = sequenceOf(head);
  if (position === undefined || end === 0) return 0;
  return Math.min(100, Math.floor((100 * sequenceOf(position)) / end));
}
