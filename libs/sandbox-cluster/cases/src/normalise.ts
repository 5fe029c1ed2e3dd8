import type { Json, JsonObject } from '#kernel';

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Field managers of the programs that run controllers. They are treated as equal, because only their names differ. */
const PROGRAMS = new Set(['controllers', 'kube-controller-manager', 'kwok', 'kubelet', 'scheduler', 'kube-scheduler']);
const HASH = /\b[bcdf-hj-np-tv-xz2456789]{8,10}\b/g;

/**
 * Replaces everything that differs between two runs: times, UIDs, resourceVersions, hashes, allocated addresses, and
 * random suffixes. Sorts `managedFields` entries, whose order depends on seconds, and causes, of which it drops
 * duplicates.
 */
export function normalise(value: Json, namespace: string, key = ''): Json {
  if (typeof value === 'string') return normaliseText(value, namespace, key);
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => normalise(item, namespace, `${key}[]`));
    if (key === 'causes')
      return [...new Map(items.map((item) => [JSON.stringify(sorted(item)), item] as const)).entries()]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, item]) => item);
    return key === 'managedFields'
      ? items.toSorted((a, b) => (JSON.stringify(sorted(a)) < JSON.stringify(sorted(b)) ? -1 : 1))
      : items;
  }
  if (typeof value !== 'object' || value === null)
    return key === 'nodePort' || key === 'healthCheckNodePort' ? '<port>' : value;
  const result: { [name: string]: Json } = {};
  for (const [name, member] of Object.entries(value as JsonObject))
    if (member !== undefined) result[name.replaceAll(UID, '<uid>')] = normalise(member, namespace, name);
  return sorted(causesAlone(result));
}

/**
 * Removes the causes from a message that lists several: their order is random, and `details.causes` is compared
 * instead.
 */
function causesAlone(status: { [name: string]: Json }): { [name: string]: Json } {
  const { kind, message, details } = status;
  const causes = typeof details === 'object' && details !== null ? (details as JsonObject)['causes'] : undefined;
  if (kind !== 'Status' || typeof message !== 'string' || !Array.isArray(causes) || causes.length < 2) return status;
  return { ...status, message: message.replace(/(: \[|conflicts with )[^]*$/, '$1…') };
}

function normaliseText(text: string, namespace: string, key: string): string {
  if (key === 'resourceVersion') return text === '' ? '' : '<rv>';
  if (key === 'continue') return '<continue>';
  if (key === 'manager' && PROGRAMS.has(text)) return '<program>';
  if (key === 'clusterIP' || key === 'clusterIPs[]') return text === 'None' || text === '' ? text : '<ip>';
  if (key === 'podIP' || key === 'hostIP' || key === 'ip') return '<ip>';
  if (key === 'pod-template-hash') return '<hash>';
  if (key === 'topology.kubernetes.io/zone') return '<zone>';
  return text
    .replaceAll(namespace, '{ns}')
    .replaceAll(UID, '<uid>')
    .replaceAll(TIME, '<time>')
    .replaceAll(HASH, '<hash>')
    .replaceAll(/\b(sandbox-)?node-0\b/g, '<node>')
    .replaceAll(/ResourceVersion in (the precondition|record) \(\d+\)/g, 'ResourceVersion in $1 (<rv>)')
    .replaceAll(/Invalid value: "(?:\{|map\[)(?:[^"\\]|\\.)*": /g, 'Invalid value: "<object>": ')
    .replace(/kube-api-access-\w{5}/, 'kube-api-access-<suffix>')
    .replace(/too old resource version: \d+ \(\d+\)/, 'too old resource version: <rv> (<rv>)');
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const object = value as JsonObject;
  return Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((name) => [name, sorted(object[name] ?? null)]),
  );
}
