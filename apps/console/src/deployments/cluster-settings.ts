import type { CallerInputOf } from '#bus/contract';
import type {
  ClusterView,
  IngressSettings,
  setClusterIngressRequest,
  setClusterPolicyRequest,
} from '#deployments/contract';
import { flagOf, type CommandWords } from '../shared/command-line.ts';

type Policy = ClusterView['policy'];
type Change<Input> = Omit<Input, 'org' | 'name'>;
type PolicyChange = Change<CallerInputOf<typeof setClusterPolicyRequest>>;
type IngressChange = Change<CallerInputOf<typeof setClusterIngressRequest>>;

/** Settings of a cluster as they are typed; absent: empty. */
export interface PolicyForm {
  /** Globs, with commas between them. */
  readonly namespaces?: string;
  /** `deny`, `allow`, or kinds with commas between them. */
  readonly clusterScoped?: string;
  readonly podSecurity: Policy['podSecurity'];
}

export interface IngressForm {
  readonly class?: string;
  readonly domain?: string;
  readonly tls?: string;
  /** One `key=value` a line. */
  readonly annotations?: string;
}

export const policyForm = ({ namespaces, clusterScoped, podSecurity }: Policy): PolicyForm => ({
  namespaces: namespaces.join(', '),
  clusterScoped: typeof clusterScoped === 'string' ? clusterScoped : clusterScoped.join(', '),
  podSecurity,
});

export const ingressForm = ({ class: name, domain, tls, annotations }: IngressSettings): IngressForm => ({
  ...(name !== null && { class: name }),
  ...(domain !== null && { domain }),
  tls,
  annotations: Object.entries(annotations)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n'),
});

/** Returns what differs from a policy. Only that is sent, so that what somebody else changes in the meantime is kept. */
export function policyChange(before: Policy, form: PolicyForm): PolicyChange {
  const { namespaces, clusterScoped, podSecurity } = form;
  const base = policyForm(before);
  return {
    ...(!isSame(namespaces, base.namespaces) && { namespaces: wordsOf(namespaces) }),
    ...(!isSame(clusterScoped, base.clusterScoped) && {
      clusterScoped: clusterScoped === 'deny' || clusterScoped === 'allow' ? clusterScoped : wordsOf(clusterScoped),
    }),
    ...(podSecurity !== base.podSecurity && { podSecurity }),
  };
}

/** Returns what differs from the ingress settings. */
export function ingressChange(before: IngressSettings, form: IngressForm): IngressChange {
  const annotations = annotationsChange(before.annotations, form.annotations);
  return {
    ...((form.class ?? null) !== before.class && { class: form.class ?? null }),
    ...((form.domain ?? null) !== before.domain && { domain: form.domain ?? null }),
    ...((form.tls ?? 'none') !== before.tls && { tls: form.tls ?? 'none' }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

/** Returns the words of `astroctl clusters policy set` for a change. */
export const policyWords = ({ namespaces, clusterScoped, podSecurity }: PolicyChange): CommandWords => [
  ...flagOf('--namespaces', namespaces?.join(',')),
  ...flagOf('--cluster-scoped', typeof clusterScoped === 'string' ? clusterScoped : clusterScoped?.join(',')),
  ...flagOf('--pod-security', podSecurity),
];

/** Returns the words of `astroctl clusters ingress set` for a change. */
export const ingressWords = (change: IngressChange): CommandWords => [
  ...(['class', 'domain', 'tls'] as const).flatMap((field) =>
    change[field] === undefined ? [] : [`--${field}`, change[field] ?? 'none'],
  ),
  ...Object.entries(change.annotations ?? {}).flatMap(([key, value]) => ['--annotation', `${key}=${value ?? ''}`]),
];

const wordsOf = (text = ''): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

const isSame = (one?: string, other?: string): boolean => wordsOf(one).join() === wordsOf(other).join();

function annotationsChange(before: IngressSettings['annotations'], text = ''): Record<string, string | null> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const given = Object.fromEntries(
    lines.map((line) => {
      const [key = '', ...value] = line.split('=');
      return [key.trim(), value.join('=').trim()];
    }),
  );
  return {
    ...Object.fromEntries(Object.keys(before).flatMap((key) => (key in given ? [] : [[key, null]]))),
    ...Object.fromEntries(Object.entries(given).filter(([key, value]) => before[key] !== value)),
  };
}
