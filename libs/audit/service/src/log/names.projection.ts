import { EVERY_EVENT, idOf, type Fact, type Projection } from '#kernel';

/** The name of an object in an organization, which remains known after the object is deleted. */
export interface ObjectName {
  readonly organizationId: string;
  /** `kind/id`. */
  readonly object: string;
  readonly name: string;
  /** `<organization> <kind>/<name>`, to find the objects that have or had a name. */
  readonly named: string;
}

/** Returns the ID of the document with an object's name. */
export const nameId = (organizationId: string, object: string): string => `${organizationId} ${object}`;

/** Names of applications, profiles, clusters, keys, and service members, for views of the audit log. */
export const namesProjection: Projection<Fact, ObjectName> = {
  name: 'audit-names.v1',
  events: EVERY_EVENT,
  indexes: ['named'],
  documentId: ({ event, metadata }) => {
    const { organizationId } = metadata;
    const found = namedBy(event, metadata.stream);
    return found && organizationId !== undefined ? nameId(organizationId, found.object) : undefined;
  },
  apply(document, { event, metadata }) {
    const found = namedBy(event, metadata.stream);
    const { organizationId } = metadata;
    if (!found || organizationId === undefined) throw new Error('an event that names no object changes no name');
    if (document?.name === found.name) return document;
    const kind = found.object.slice(0, found.object.indexOf('/'));
    return { organizationId, ...found, named: `${organizationId} ${kind}/${found.name}` };
  },
};

/** Returns the name that an event gives to an object, if any. */
export function namedBy({ type, data }: Fact, stream: string): Pick<ObjectName, 'object' | 'name'> | undefined {
  const { kind, id, name, keyId, memberId, slug } = data as Readonly<Record<string, unknown>>; // of every event
  const named = (object: string, text: unknown) => (typeof text === 'string' ? { object, name: text } : undefined);
  switch (type) {
    case 'catalog.name-claimed.v1':
    case 'catalog.name-prepared.v1':
      return named(`${String(kind)}/${String(id)}`, name);
    case 'access-key.created.v1':
      return named(`key/${String(keyId)}`, name);
    case 'organization.member-added.v1':
      return named(`member/${String(memberId)}`, name);
    case 'organization.created.v1':
    case 'organization.renamed.v1':
      return named(`organization/${idOf(stream)}`, slug);
    default:
      return undefined;
  }
}
