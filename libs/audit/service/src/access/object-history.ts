import { Timeline } from '#access';
import type { ObjectFact } from '#deployments/contract';
import { idOf, sequenceOf, type Recorded } from '#kernel';

/** A kubeconfig that a member received. */
export interface IssuedKubeconfig {
  readonly memberId: string;
  readonly clusterId: string;
  readonly access: 'cluster' | 'edit' | 'view';
  readonly eventId: string;
  readonly from: number;
  readonly expiresAtMs: number;
  /** Position from which on the account on the cluster no longer exists. */
  endedAt: number | undefined;
}

/** The objects of organizations at every position of the log. Only `apply` changes it. */
export class ObjectHistory {
  /** Object IDs by `<organization id> <kind>/<name>`. */
  private readonly ids = new Map<string, Timeline<string | undefined>>();
  private readonly names = new Map<string, string>();
  /** Profile IDs by application. */
  private readonly profiles = new Map<string, Timeline<string>>();
  private readonly isProtected = new Map<string, Timeline<boolean>>();
  private readonly issued = new Map<string, IssuedKubeconfig[]>();

  apply({ event, metadata }: Recorded<ObjectFact>): void {
    const sequence = sequenceOf(metadata.position);
    const subject = idOf(metadata.stream);
    switch (event.type) {
      case 'catalog.name-claimed.v1': {
        const { kind, name, id, refers, intent } = event.data;
        this.idsOf(subject, `${kind}/${name}`).set(sequence, id);
        this.names.set(id, name);
        if (kind === 'application' && refers !== null) timelineOf(this.profiles, id).set(sequence, refers);
        if (kind === 'profile') timelineOf(this.isProtected, id).set(sequence, intent.protected ?? false);
        return;
      }
      case 'catalog.reference-changed.v1':
        if (event.data.kind === 'application')
          timelineOf(this.profiles, event.data.id).set(sequence, event.data.refers);
        return;
      case 'catalog.name-released.v1':
        return this.idsOf(subject, `${event.data.kind}/${event.data.name}`).set(sequence, undefined);
      case 'profile.created.v1':
      case 'profile.changed.v1':
        return timelineOf(this.isProtected, subject).set(sequence, event.data.protected);
      case 'cluster.kubeconfig-issued.v1': {
        const { memberId, access, expiresAt } = event.data;
        const organizationId = metadata.organizationId ?? '';
        const issued = this.issued.get(organizationId) ?? [];
        this.issued.set(organizationId, issued);
        issued.push({
          memberId,
          clusterId: subject,
          access,
          eventId: metadata.id,
          from: sequence,
          expiresAtMs: Date.parse(expiresAt),
          endedAt: undefined,
        });
        return;
      }
      case 'cluster.access-ended.v1':
        return this.endAccess(metadata.organizationId ?? '', subject, sequence, event.data.memberId);
      case 'cluster.deleted.v1':
        return this.endAccess(metadata.organizationId ?? '', subject, sequence);
    }
  }

  /**
   * Returns whether a protected profile applies to an object at a position; undefined if there is no such object.
   *
   * @param object `application/NAME`, `profile/NAME`, or `cluster/NAME`; a cluster has no profile
   */
  isProtectedAt(organizationId: string, object: string, sequence: number): boolean | undefined {
    const id = this.ids.get(`${organizationId} ${object}`)?.at(sequence);
    if (id === undefined) return undefined;
    const profileId = object.startsWith('profile/') ? id : this.profiles.get(id)?.at(sequence);
    return profileId !== undefined && (this.isProtected.get(profileId)?.at(sequence) ?? false);
  }

  /** Returns the positions at which the protection of an object could have changed. */
  protectionChanges(organizationId: string, object: string): readonly number[] {
    const names = this.ids.get(`${organizationId} ${object}`);
    const ids = (names?.all ?? []).filter((id) => id !== undefined);
    const referred = ids.flatMap((id) => this.profiles.get(id) ?? []);
    const profileIds = new Set([...ids, ...referred.flatMap(({ all }) => all)]);
    const protection = [...profileIds].flatMap((id) => this.isProtected.get(id) ?? []);
    return [...(names ? [names] : []), ...referred, ...protection].flatMap(({ sequences }) => sequences);
  }

  /** Returns the kubeconfigs that members of an organization have received, of one cluster or of all. */
  kubeconfigs(organizationId: string, cluster: string | undefined): readonly IssuedKubeconfig[] {
    return (this.issued.get(organizationId) ?? []).filter(
      ({ clusterId }) => cluster === undefined || this.names.get(clusterId) === cluster,
    );
  }

  /** Returns the name of an object, which it keeps for ever. */
  nameOf(id: string): string | undefined {
    return this.names.get(id);
  }

  private endAccess(organizationId: string, clusterId: string, sequence: number, memberId?: string): void {
    for (const issued of this.issued.get(organizationId) ?? [])
      if (issued.clusterId === clusterId && (memberId === undefined || issued.memberId === memberId))
        issued.endedAt ??= sequence;
  }

  private idsOf(organizationId: string, object: string): Timeline<string | undefined> {
    return timelineOf(this.ids, `${organizationId} ${object}`);
  }
}

function timelineOf<T>(map: Map<string, Timeline<T>>, id: string): Timeline<T> {
  const timeline = map.get(id) ?? new Timeline<T>();
  map.set(id, timeline);
  return timeline;
}
