import type { JsonObject } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { KubeObject } from '../store.ts';
import { eventCells, PRINTERS, type Cell } from './cells.ts';
import { duration } from './duration.ts';
import { podRowConditions } from './pod-cells.ts';

export interface TableOptions {
  readonly nowMs: number;
  /** What rows carry besides the cells. */
  readonly include: 'None' | 'Metadata' | 'Object';
}

/** A Table (meta.k8s.io/v1) of objects, by the recorded columns. @param withColumns later tables of a watch leave them out */
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
      const conditions = resource.kind === 'Pod' ? podRowConditions(object) : [];
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

function cellsOf({ kind, group }: ResourceData, object: KubeObject, nowMs: number): Cell[] {
  const { name, creationTimestamp } = object.metadata;
  if (kind === 'Event' && group === '') return [...eventCells(object, '', nowMs)];
  const printer = PRINTERS[kind];
  return printer
    ? [name, ...printer(object, duration(Date.parse(creationTimestamp), nowMs), nowMs)]
    : [name, creationTimestamp];
}
