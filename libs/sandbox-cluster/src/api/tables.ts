import type { JsonObject } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { KubeObject } from '../store.ts';
import { eventCells, PRINTERS, type Cell } from './cells.ts';
import { duration } from './duration.ts';
import { fromEventsForm } from './events-form.ts';
import { valueAtPath } from './json-path.ts';
import { podRowConditions } from './pod-cells.ts';
import { ruleKind } from './names.ts';

export interface TableOptions {
  readonly nowMs: number;
  /** What each row includes in addition to its cells. */
  readonly include: 'None' | 'Metadata' | 'Object';
}

/**
 * Returns a Table (meta.k8s.io/v1) of objects with the recorded columns.
 * @param withColumns false for later tables of a watch
 */
export function tableOf(
  resource: ResourceData,
  objects: readonly KubeObject[],
  metadata: JsonObject,
  options: TableOptions,
  withColumns = true,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns
      ? resource.columns.map(({ name, type, format, description, priority }) => ({
          name,
          type,
          format,
          description,
          priority,
        }))
      : null,
    rows: objects.map((object) => {
      const conditions = ruleKind(resource) === 'Pod' ? podRowConditions(object) : [];
      return {
        cells: cellsOf(resource, object, options.nowMs),
        ...(conditions.length > 0 && { conditions }),
        object:
          options.include === 'None'
            ? null
            : options.include === 'Object'
              ? object
              : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
      };
    }),
  };
}

function cellsOf(resource: ResourceData, object: KubeObject, nowMs: number): (Cell | null)[] {
  const { kind, group, custom } = resource;
  const { name, creationTimestamp } = object.metadata;
  if (custom)
    return [
      name,
      ...custom.columnPaths.map((path, index) => customCell(object, path, resource.columns[index + 1]?.type, nowMs)),
    ];
  if (kind === 'Event') return [...eventCells(group === '' ? object : fromEventsForm(object), '', nowMs)];
  const printer = PRINTERS[kind];
  return printer
    ? [name, ...printer(object, duration(Date.parse(creationTimestamp), nowMs), nowMs)]
    : [name, creationTimestamp];
}

/** Returns the cell of a printer column of a CustomResourceDefinition; null if the object has no value there. */
function customCell(object: KubeObject, path: string, type: string | undefined, nowMs: number): Cell | null {
  const value = valueAtPath(object, path);
  if (value === undefined || value === null) return null;
  if (type === 'date') {
    const time = Date.parse(String(value));
    return Number.isNaN(time) ? '<invalid>' : duration(time, nowMs);
  }
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
