import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { LRUCache } from 'lru-cache';
import type { Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { namedBy, nameId, namesProjection } from '../log/names.projection.ts';
import { namedObject, type ChangedObject } from './changed-object.ts';

/** Names in memory, for all streams of this process. */
const MAX_NAMES = 10_000;

/** Knows the names of objects as soon as their events are read, without waiting for the read model. */
@Injectable()
export class ChangeNames {
  private readonly known = new LRUCache<string, string>({ max: MAX_NAMES });

  constructor(@Inject(READ_MODELS) private readonly readModels: ReadModels) {}

  /** Remembers the name that an event gives to an object. */
  learn({ event, metadata }: Recorded, organizationId: string): void {
    const found = namedBy(event, metadata.stream);
    if (found) this.known.set(nameId(organizationId, found.object), found.name);
  }

  /** Returns the name of an object; null if it has none, or none is known yet. */
  async of(changed: ChangedObject, organizationId: string): Promise<string | null> {
    if (changed.kind === 'credential') return changed.id;
    const object = namedObject(changed);
    if (object === undefined) return null;
    const id = nameId(organizationId, object);
    const known = this.known.get(id);
    if (known !== undefined) return known;
    const found = await this.readModels.get(namesProjection, id);
    const name = found.ok ? found.value?.document.name : undefined;
    if (name !== undefined) this.known.set(id, name);
    return name ?? null;
  }
}
