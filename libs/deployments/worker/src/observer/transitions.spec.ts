import { REPORT_EVERY_MS, Transitions, type Observation } from './transitions.ts';

const synced: Pick<Observation, 'sync' | 'drift'> = { sync: 'Synced', drift: [] };
const healthy: Observation = {
  health: 'Healthy',
  message: '',
  code: null,
  replicas: '3/3',
  attemptNumber: 1,
  ...synced,
};
const degraded: Observation = {
  health: 'Degraded',
  message: 'pod/web-1 crashes',
  code: 'deployments/crash-loop',
  replicas: '2/3',
  attemptNumber: 1,
  ...synced,
};

describe('transitions of health (E23)', () => {
  const tell = (transitions: Transitions, nowMs: number) => {
    const due = transitions.due(nowMs, 200);
    for (const { applicationId, observation } of due) transitions.reported(applicationId, observation, nowMs);
    return due.map(({ observation }) => observation.health);
  };

  it('are reported immediately after a quiet time, and at most once in 5 s', () => {
    const transitions = new Transitions();
    transitions.see('web', healthy);
    expect(tell(transitions, 0)).toEqual(['Healthy']);
    transitions.see('web', degraded);
    expect(tell(transitions, 1_000)).toEqual([]);
    expect(transitions.nextInMs(1_000)).toBe(REPORT_EVERY_MS - 1_000);
    transitions.see('web', { ...healthy, replicas: '2/3' });
    expect(tell(transitions, REPORT_EVERY_MS)).toEqual(['Healthy']);
    transitions.see('web', degraded);
    expect(tell(transitions, 60_000)).toEqual(['Degraded']);
  });

  it('are not reported when they were reverted in the meantime, or when only the text changed', () => {
    const transitions = new Transitions();
    transitions.see('web', healthy);
    tell(transitions, 0);
    transitions.see('web', degraded);
    transitions.see('web', { ...healthy, message: 'other words' });
    expect(transitions.nextInMs(1_000)).toBeUndefined();
    expect(tell(transitions, 60_000)).toEqual([]);
  });

  it('use-D1: include drift, and are repeated if they were not recorded', () => {
    const transitions = new Transitions();
    transitions.see('a', healthy);
    tell(transitions, 0);
    const drifted: Observation = {
      ...healthy,
      sync: 'OutOfSync',
      drift: [{ what: 'Deployment/web was changed by kubectl', fields: ['spec.replicas'] }],
    };
    transitions.see('a', drifted);
    expect(transitions.due(REPORT_EVERY_MS, 200)).toEqual([{ applicationId: 'a', observation: drifted }]);
    transitions.notRecorded('a', REPORT_EVERY_MS);
    expect(transitions.due(REPORT_EVERY_MS, 200)).toEqual([]);
    expect(transitions.due(REPORT_EVERY_MS * 2, 200)).toEqual([{ applicationId: 'a', observation: drifted }]);
  });
});
