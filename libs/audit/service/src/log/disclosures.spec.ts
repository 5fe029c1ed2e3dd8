import { auditLogRequest, exportAuditLogRequest, listSealedEventsRequest, proveAuditRequest } from '#audit/contract';
import { ACTIONS, HIDDEN } from './actions.ts';

/** Types of events whose entries show names of secrets. */
const NAMING = Object.entries(ACTIONS).flatMap(([type, action]) =>
  action !== HIDDEN && type.includes('secret') && action.shows !== undefined ? [type] : [],
);

describe('A24: what shows a global admin the names of secrets', () => {
  it('are the entries of events about secrets', () =>
    expect(NAMING).toEqual(['application.secrets-set.v1', 'application.secret-unset.v1']));

  // The predicates read nothing but the type.
  const shown = (type: string) => {
    const entry = { action: type.replace(/\.v\d+$/, '') } as never;
    const sealed = { event: { type } };
    return [
      auditLogRequest.isDisclosedBy?.(entry),
      exportAuditLogRequest.isDisclosedBy?.(entry),
      listSealedEventsRequest.isDisclosedBy?.({ events: [sealed] } as never),
      proveAuditRequest.isDisclosedBy?.({ inclusion: sealed } as never),
    ];
  };
  it.each(Object.keys(ACTIONS))('%s', (type) =>
    expect(shown(type)).toEqual(Array.from({ length: 4 }, () => NAMING.includes(type))),
  );
  it('is not the end of a page, a page without events, or a proof of consistency', () => {
    expect(auditLogRequest.isDisclosedBy?.({ next: 'x' })).toBe(false);
    expect(listSealedEventsRequest.isDisclosedBy?.({ events: [] } as never)).toBe(false);
    expect(proveAuditRequest.isDisclosedBy?.({} as never)).toBe(false);
  });
});
