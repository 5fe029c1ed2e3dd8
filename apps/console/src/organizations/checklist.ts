import { commandFor } from '../shared/command-line.ts';
import { NEW_APPLICATION } from '../shared/places.ts';

/** What a checklist knows about an organization; undefined: not known yet. */
export interface FirstSteps {
  readonly hasLoginKey: boolean | undefined;
  readonly clusters: number | undefined;
  readonly applications: number | undefined;
  readonly members: number | undefined;
}

export interface Step {
  readonly title: string;
  readonly isDone: boolean;
  /** A command for a terminal. */
  readonly command: string;
  /** The page for it, below the organization. */
  readonly path?: string;
}

/** Returns the first steps of an organization, done or not; undefined while that is not known. */
export function checklistOf(
  { hasLoginKey, clusters, applications, members }: FirstSteps,
  org: string,
  apiUrl: string,
): readonly Step[] | undefined {
  if (hasLoginKey === undefined || clusters === undefined || applications === undefined || members === undefined)
    return undefined;
  return [
    {
      title: 'Log in with astroctl',
      isDone: hasLoginKey,
      command: `astroctl auth login --org-id ${org} --api-url ${apiUrl}`,
    },
    {
      title: 'Use the sandbox, or register a cluster',
      isDone: clusters > 0,
      command: commandFor({ org }, 'clusters', 'register', '-f', 'cluster.yaml'),
      path: '/clusters',
    },
    {
      title: 'Deploy an application',
      isDone: applications > 0,
      command: commandFor({ org }, 'app', 'apply', '-f', 'examples/hello-world.yaml', '--wait'),
      path: NEW_APPLICATION,
    },
    {
      title: 'Invite a member',
      isDone: members > 1,
      command: commandFor({ org }, 'org', 'invite', 'EMAIL', '--role', 'editor'),
      path: '/settings/members',
    },
  ];
}

/** Statuses of applications that somebody should look at. */
const TROUBLED: readonly string[] = ['DEGRADED', 'FAILED', 'UNKNOWN'];

/** Returns the applications that need attention, the worst first. */
export const troubled = <A extends { readonly status: string; readonly name: string }>(
  applications: readonly A[],
): readonly A[] =>
  applications
    .filter(({ status }) => TROUBLED.includes(status))
    .sort((a, b) => TROUBLED.indexOf(a.status) - TROUBLED.indexOf(b.status) || a.name.localeCompare(b.name));
