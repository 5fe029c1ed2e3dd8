import type { KubernetesObject } from '../objects.ts';
import type { KindHealth } from './health-rules.ts';
import { healthOf } from './object-health.ts';

const database = (status: object, more: object = {}): KubernetesObject => ({
  apiVersion: 'acme.dev/v1',
  kind: 'Database',
  metadata: { name: 'orders', generation: 2, ...more },
  status,
});
const kinds: readonly KindHealth[] = [
  {
    group: 'acme.dev',
    kind: 'Database',
    rules: [
      { path: 'status.phase', values: ['Running'], health: 'Healthy' },
      { path: 'status.nodes[1].port', values: [5432], health: 'Healthy' },
      { path: "metadata.annotations['acme.dev/paused']", values: [true], health: 'Suspended' },
      { condition: 'Broken', status: 'True', reasons: ['Corrupt'], health: 'Degraded' },
    ],
    otherwise: 'Progressing',
    messagePath: 'status.message',
  },
  { group: 'acme.dev', kind: '*', rules: [{ condition: 'Ready', status: 'False', health: 'Degraded' }] },
];
const health = (object: KubernetesObject) => healthOf(object, { kinds });

describe('the health of a kind by rules of its cluster', () => {
  it.each([
    ['a field', database({ phase: 'Running' }), 'Healthy', ''],
    ['a number in a list', database({ nodes: [{}, { port: 5432 }] }), 'Healthy', ''],
    [
      'an annotation',
      database({}, { annotations: { 'acme.dev/paused': 'true' } }),
      'Suspended',
      "metadata.annotations['acme.dev/paused'] is true",
    ],
    [
      'a condition with its reason',
      database({ conditions: [{ type: 'Broken', status: 'True', reason: 'Corrupt', message: 'page 7' }] }),
      'Degraded',
      'page 7',
    ],
    [
      'a condition with another reason, which no rule matches',
      database({ conditions: [{ type: 'Broken', status: 'True', reason: 'Slow' }], message: 'restores 3 of 9' }),
      'Progressing',
      'restores 3 of 9',
    ],
    [
      'a condition of an earlier generation, which does not count',
      database({ conditions: [{ type: 'Broken', status: 'True', reason: 'Corrupt', observedGeneration: 1 }] }),
      'Progressing',
      'is not ready yet',
    ],
    [
      'a generation that was not observed',
      database({ phase: 'Running', observedGeneration: 1 }),
      'Progressing',
      'the change has not been observed yet',
    ],
    [
      'a deletion',
      database({ phase: 'Running' }, { deletionTimestamp: '2026-11-24T15:00:00Z' }),
      'Terminating',
      'is being deleted',
    ],
  ] as const)('follows from %s', (_, object, state, message) => expect(health(object)).toEqual({ state, message }));

  it('applies to other kinds of the group, and then to those that no rule decides', () => {
    const user = {
      ...database({ conditions: [{ type: 'Ready', status: 'False', message: 'no role' }] }),
      kind: 'User',
    };
    expect(health(user)).toEqual({ state: 'Degraded', message: 'no role' });
    expect(healthOf(user)).toEqual({ state: 'Progressing', message: 'no role' });
    expect(health({ ...user, status: { conditions: [{ type: 'Ready', status: 'True' }] } }).state).toBe('Healthy');
    expect(health({ ...user, apiVersion: 'other.dev/v1' }).state).toBe('Progressing');
  });

  it('does not take a message beyond 500 characters', () =>
    expect(health(database({ message: 'x'.repeat(2_000) })).message).toHaveLength(500));
});
