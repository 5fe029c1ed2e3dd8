import { EDGE } from '#bus/contract';
import type { DoctorCheck, DoctorReport } from '#operations/contract';
import type { ProjectionView, ServiceState } from '#runtime/contract';
import { projectionsOf, type Answer } from './service-states.service.ts';

/** Milliseconds by which the clocks of two processes may differ without a warning. */
const CLOCK_MS = 1_000;
/** Milliseconds beyond which a service rejects the requests of another. */
const CLOCK_LIMIT_MS = 5_000;
/** Seconds that a projection may be behind without a warning. */
const LAG_SECONDS = 60;

/**
 * Returns the report of `admin doctor`.
 *
 * @param answers of all services
 * @param now.version of the gateway
 * @param now.nowMs milliseconds since 1970
 */
export function reportOf(
  answers: readonly Answer[],
  { version, nowMs }: { readonly version: string; readonly nowMs: number },
): DoctorReport {
  const checks = [
    ...processChecks(answers),
    ...answers.flatMap((answer) => [...serviceChecks(answer, version), ...ownChecks(answer)]),
    projectionsCheck(answers),
  ];
  return {
    status: worstOf(checks),
    version,
    time: new Date(nowMs).toISOString(),
    services: answers.map(serviceOf),
    checks,
  };
}

const worstOf = (checks: readonly DoctorCheck[]): DoctorCheck['status'] =>
  (['failed', 'warn'] as const).find((status) => checks.some((check) => check.status === status)) ?? 'ok';

function serviceOf(answer: Answer): DoctorReport['services'][number] {
  const { service, state } = answer;
  if (!state.ok) return { name: service, answered: false, instance: null, version: null, clockDifferenceMs: null };
  const { process, version } = state.value;
  return {
    name: service,
    answered: true,
    instance: process.instance,
    version,
    clockDifferenceMs: clockDifferenceOf(answer, state.value),
  };
}

/** Returns the checks of each process once, although all of its services report them. */
function processChecks(answers: readonly Answer[]): DoctorCheck[] {
  const seen = new Set<string>();
  return answers.flatMap(({ state }) => {
    if (!state.ok || seen.has(state.value.process.instance)) return [];
    const { process, checks } = state.value;
    seen.add(process.instance);
    return checks.map((check) => ({ service: process.name, ...check }));
  });
}

/** Returns whether a service answers, has the version of the gateway, and the same time. */
function serviceChecks(answer: Answer, version: string): DoctorCheck[] {
  const { service, state } = answer;
  if (!state.ok)
    return [
      {
        service,
        name: 'service',
        status: 'failed',
        message: `${service} did not respond. ${state.error.detail}`,
        fix: `check that ${service} runs and is connected to the bus, and see its log`,
      },
    ];
  const other: DoctorCheck[] =
    state.value.version === version
      ? []
      : [
          {
            service,
            name: 'version',
            status: 'warn',
            message: `${service} has version ${state.value.version}, and the gateway ${version}.`,
            fix: 'finish the upgrade: start all processes with the same version',
          },
        ];
  const differenceMs = clockDifferenceOf(answer, state.value);
  const ahead = `${Math.abs(differenceMs)} ms ${differenceMs < 0 ? 'behind' : 'ahead of'}`;
  const isOff = Math.abs(differenceMs) > CLOCK_MS;
  const clock: DoctorCheck[] = isOff
    ? [
        {
          service,
          name: 'clock',
          status: Math.abs(differenceMs) > CLOCK_LIMIT_MS ? 'failed' : 'warn',
          message: `The clock of ${service} is ${ahead} that of the gateway.`,
          fix: 'synchronize the clocks of the machines with NTP',
        },
      ]
    : [];
  return [...other, ...clock];
}

/** Returns by how many milliseconds the clock of a service is ahead; 0 if it is within the time of the request. */
function clockDifferenceOf({ service, askedMs, answeredMs }: Answer, { time }: ServiceState): number {
  const at = Date.parse(time);
  if (service === EDGE) return 0;
  return at < askedMs ? at - askedMs : Math.max(0, at - answeredMs);
}

const ownChecks = ({ service, state }: Answer): DoctorCheck[] =>
  state.ok ? state.value.ownChecks.map((check) => ({ service, ...check })) : [];

/** Returns one check of all projections. `admin projections` has the details. */
function projectionsCheck(answers: readonly Answer[]): DoctorCheck {
  const projections = projectionsOf(answers);
  const unread = answers.filter(({ state }) => state.ok && state.value.projections === null);
  const check = { service: EDGE, name: 'projections' };
  const namesOf = (which: readonly ProjectionView[]) => which.map(({ name }) => name).join(', ');
  if (unread.length > 0)
    return {
      ...check,
      status: 'failed',
      message: `The projections of ${unread.map(({ service }) => service).join(', ')} cannot be read: the stores do not respond.`,
      fix: 'check the event store and the read store',
    };
  const stopped = projections.filter(({ state }) => state === 'stopped');
  if (stopped.length > 0)
    return {
      ...check,
      status: 'failed',
      message: `Stopped: ${namesOf(stopped)}.`,
      fix: 'see why: astroctl admin projections list -o wide',
    };
  const parked = projections.filter((projection) => projection.parked > 0);
  if (parked.length > 0)
    return {
      ...check,
      status: 'warn',
      message: `Documents that are not updated: ${parked.map(({ name, parked: count }) => `${count} of ${name}`).join(', ')}.`,
      fix: `try them again: astroctl admin projections retry ${parked[0]?.name ?? ''}`,
    };
  const failed = projections.filter(({ rebuild }) => rebuild !== null && rebuild.failure !== null);
  if (failed.length > 0)
    return {
      ...check,
      status: 'warn',
      message: `The last rebuild failed: ${namesOf(failed)}.`,
      fix: `see why, and try again: astroctl admin projections rebuild ${failed[0]?.name ?? ''}`,
    };
  const behind = projections.filter(({ lagSeconds, state }) => lagSeconds > LAG_SECONDS && state !== 'rebuilding');
  if (behind.length > 0)
    return {
      ...check,
      status: 'warn',
      message: `More than ${LAG_SECONDS} seconds behind the log: ${namesOf(behind)}.`,
      fix: 'see how they proceed: astroctl admin projections list',
    };
  return { ...check, status: 'ok', message: `All ${projections.length} projections follow the log.`, fix: null };
}
