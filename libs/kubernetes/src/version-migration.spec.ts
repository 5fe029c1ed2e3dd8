import { KubernetesApiError, type KubernetesClient } from './client.ts';
import type { KubernetesObject } from './objects.ts';
import { migrateVersion, needsMigration } from './version-migration.ts';

const entry = (apiVersion: string, manager: string, more: object = {}) => ({ apiVersion, manager, ...more });
const gadget = (...managedFields: readonly object[]): KubernetesObject => ({
  apiVersion: 'acme.dev/v2',
  kind: 'Gadget',
  metadata: { name: 'a', namespace: 'shop', resourceVersion: '7', managedFields },
});
const type = { group: 'acme.dev', version: 'v2', kind: 'Gadget', resource: 'gadgets', namespaced: true, verbs: [] };
const errorOf = (message: string) => new KubernetesApiError({ status: 500, reason: '', message });

describe('K8.6-44: managed fields in another version of the API', () => {
  const old = gadget(entry('acme.dev/v1', 'astro-platform'), entry('acme.dev/v2', 'operator'));
  const undeclared = errorOf('.spec.color: field not declared in schema');

  it('are the cause if the server finds a field that the version does not declare', () => {
    expect(needsMigration(undeclared, old, 'acme.dev/v2')).toBe(true);
    expect(needsMigration(undeclared, gadget(entry('acme.dev/v2', 'operator')), 'acme.dev/v2')).toBe(false);
    const own = errorOf(
      'failed to create typed patch object (shop/a; acme.dev/v2): .spec.x: field not declared in schema',
    );
    expect(needsMigration(own, old, 'acme.dev/v2')).toBe(false);
    expect(needsMigration(errorOf('etcdserver: leader changed'), old, 'acme.dev/v2')).toBe(false);
  });

  const patchesOf = async (live: KubernetesObject | undefined): Promise<unknown[]> => {
    const patches: unknown[] = [];
    const client: Partial<KubernetesClient> = {
      get: () => Promise.resolve(live),
      patch: (_type, where, { body }) => {
        patches.push(where, body);
        return Promise.resolve({ object: old, created: false, warnings: [] });
      },
    };
    await migrateVersion(client as KubernetesClient, type, old, {}); // all that it uses
    return patches;
  };

  it('get that of the manifest, with the resourceVersion as precondition, and keep their owners', async () => {
    const scale = entry('autoscaling/v1', 'hpa', { subresource: 'scale' });
    const live = gadget(entry('acme.dev/v1', 'astro-platform'), entry('acme.dev/v2', 'operator'), scale);
    expect(await patchesOf(live)).toEqual([
      { name: 'a', namespace: 'shop' },
      [
        {
          op: 'replace',
          path: '/metadata/managedFields',
          value: [entry('acme.dev/v2', 'astro-platform'), entry('acme.dev/v2', 'operator'), scale],
        },
        { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
      ],
    ]);
  });

  it('are not changed twice, nor if the object was deleted', async () => {
    expect(await patchesOf(gadget(entry('acme.dev/v2', 'astro-platform')))).toEqual([]);
    expect(await patchesOf(undefined)).toEqual([]);
  });
});
