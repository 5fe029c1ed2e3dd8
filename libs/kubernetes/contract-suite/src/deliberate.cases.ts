import type { Json, JsonObject } from '#kernel';
import { at, configMap, get, of, pod, post, silent, type Case } from '#sandbox-cluster/cases';

// Deliberate differences between the sandbox and a server. Each is listed in docs/sandbox.md.

const code = (body: JsonObject): Json => ({ kind: body['kind'] ?? null, code: body['code'] ?? null });
const unplaced = silent(post(at.pods, pod('p', { nodeSelector: { none: 'such' } })));

export const deliberateCases: readonly Case[] = [
  {
    area: 'watch',
    name: 'a list that goes on as a watch',
    steps: [
      silent(post(at.configmaps, configMap('a'))),
      get(
        `${at.configmaps}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1&fieldSelector=metadata.name%3Da`,
        {
          stream: true,
          lines: 2,
        },
      ),
    ],
  },
  {
    area: 'codes',
    name: 'an eviction',
    steps: [unplaced, post(`${at.pods}/p/eviction`, of('policy/v1', 'Eviction', 'p', {}), '', { only: code })],
  },
  {
    area: 'codes',
    name: 'a binding',
    steps: [
      unplaced,
      post(
        `${at.pods}/p/binding`,
        of('v1', 'Binding', 'p', { target: { apiVersion: 'v1', kind: 'Node', name: 'none' } }),
        '',
        { only: code },
      ),
    ],
  },
];
