import { position, REMOVED } from '#kernel';
import type { ApplicationEvent } from '../applications/application.events.ts';
import { aConfiguration } from '../testing/facts.ts';
import { secretsProjection, type SecretsDocument } from './secrets.projection.ts';

const recorded = (event: ApplicationEvent, actor = 'ada') => ({
  event,
  metadata: {
    id: 'e',
    stream: 'application-a1',
    revision: 0,
    position: position('00000000', 0),
    recordedAt: '2026-12-01T01:00:00.000Z',
    actor,
    commandId: '',
    correlationId: '',
    causationId: '',
  },
});
const set = (key: string, version: number): ApplicationEvent => ({
  type: 'application.secrets-set.v1',
  data: { secrets: [{ key, version, fingerprint: `f${version}`, bytes: 3 }] },
});
const shown = (version: number, by = 'ada') => ({
  version,
  fingerprint: `f${version}`,
  updatedAt: '2026-12-01T01:00:00.000Z',
  by,
});

describe('the list of secrets', () => {
  const after = (...events: readonly ReturnType<typeof recorded>[]) =>
    events.reduce<SecretsDocument | undefined>((document, event) => {
      const next = secretsProjection.apply(document, event);
      return next === REMOVED ? undefined : next;
    }, undefined);

  it('has the present version of each key, and who set it', () =>
    expect(after(recorded(set('A', 1)), recorded(set('B', 1)), recorded(set('A', 2), 'grace'))).toEqual({
      secrets: { A: shown(2, 'grace'), B: shown(1) },
    }));

  it('has no removed keys, and nothing after the deletion', () => {
    const unset = recorded({ type: 'application.secret-unset.v1', data: { key: 'A' } });
    expect(after(recorded(set('A', 1)), unset)).toEqual({ secrets: {} });
    expect(after(recorded(set('A', 1)), recorded({ type: 'application.deleted.v1', data: {} }))).toBeUndefined();
  });

  it('is one document per application', () => {
    expect(secretsProjection.documentId(recorded(set('A', 1)))).toBe('a1');
    const configured: ApplicationEvent = {
      type: 'application.configured.v1',
      data: { ...aConfiguration, revision: 1 },
    };
    expect(secretsProjection.documentId(recorded(configured))).toBeUndefined();
  });
});
