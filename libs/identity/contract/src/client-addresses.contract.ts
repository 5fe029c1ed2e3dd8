import { SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

/**
 * Stores the client address of a person's request, which events must not contain: they contain its network and the ID
 * of the record. There is one record per person and address, until the person is erased.
 */
export const keepClientAddressRequest = request({
  subject: 'identity.v1.client-addresses.keep',
  permission: SERVICES_ONLY,
  callers: ['gateway'],
  input: z.strictObject({ userId: z.string().min(1).max(200), address: z.union([z.ipv4(), z.ipv6()]) }),
  output: z.strictObject({
    id: z.string().nullable().describe('null if the person is erased or has too many addresses'),
  }),
  timeoutMs: 500,
});

/** Returns client addresses for the audit log. Records that do not exist are omitted. */
export const clientAddressesRequest = request({
  subject: 'identity.v1.client-addresses.find',
  permission: SERVICES_ONLY,
  callers: ['audit'],
  input: z.strictObject({
    records: z.array(z.strictObject({ userId: z.string().max(200), id: z.string().max(100) })).max(500),
  }),
  output: z.strictObject({ addresses: z.record(z.string(), z.string()).describe('by ID of the record') }),
  timeoutMs: 5_000,
});
