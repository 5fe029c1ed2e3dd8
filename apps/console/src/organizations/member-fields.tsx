import { Checkbox } from '@mantine/core';
import type { Role } from '#access';
import { useRights } from '../shared/rights.ts';
import { RoleSelect } from '../shared/role-select.tsx';
import { DateField } from './date-field.tsx';

/** What a member may do, and until when; dates as `2027-03-31`. */
interface Membership {
  readonly role?: Role | undefined;
  readonly until?: string | undefined;
  readonly audit?: boolean | undefined;
  readonly auditUntil?: string | undefined;
}

/** Fields for the role of a member, its end, and the right to read the audit log. */
export function MemberFields({
  org,
  form: { values, set, errorOf },
  has,
}: {
  readonly org: string;
  readonly form: {
    readonly values: Membership;
    set(some: Membership): void;
    errorOf(field: keyof Membership): string | undefined;
  };
  /** Which of the fields there are, beside the role. */
  readonly has: { readonly end?: boolean; readonly audit?: boolean };
}) {
  const { role = 'viewer', until, audit = false, auditUntil } = values;
  return (
    <>
      <RoleSelect
        value={role}
        onChange={(next) => set({ role: next })}
        rights={useRights(org)}
        error={errorOf('role')}
      />
      {has.end && (
        <DateField
          label="The membership ends on"
          description="Empty: it does not end."
          value={until}
          onChange={(day) => set({ until: day })}
          error={errorOf('until')}
        />
      )}
      {has.audit && (
        <Checkbox
          label="Auditor: reads, verifies, and exports the whole audit log"
          checked={audit}
          onChange={({ currentTarget }) => set({ audit: currentTarget.checked, auditUntil: undefined })}
        />
      )}
      {has.audit && audit && (
        <DateField
          label="The right audit ends on"
          description="Empty: it does not end."
          value={auditUntil}
          onChange={(day) => set({ auditUntil: day })}
          error={errorOf('auditUntil')}
        />
      )}
    </>
  );
}
