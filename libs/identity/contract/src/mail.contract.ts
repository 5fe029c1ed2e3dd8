import { ROLES, SERVICES_ONLY } from '#access';
import { request } from '#bus/contract';
import { z } from 'zod';

/**
 * Sends an e-mail, now or when the mail server responds again. Only identity knows addresses. The response follows when
 * the message is stored, not when it is sent.
 */
export const sendMailRequest = request({
  subject: 'identity.v1.mail.send',
  permission: SERVICES_ONLY,
  callers: ['organizations', 'access-keys'],
  input: z.strictObject({
    /** Identifies the message: a second request with the same ID sends nothing. */
    id: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/),
    to: z.union([z.strictObject({ userId: z.string().min(1) }), z.strictObject({ addressId: z.string().min(1) })]),
    message: z.discriminatedUnion('template', [
      z.strictObject({
        template: z.literal('invitation'),
        values: z.strictObject({
          organization: z.string(),
          role: z.enum(ROLES),
          /** ID of the user who invited. */
          invitedBy: z.string(),
          token: z.string(),
          expiresAt: z.string(),
        }),
      }),
      z.strictObject({
        template: z.literal('key-expiry'),
        values: z.strictObject({
          organization: z.string(),
          keyId: z.string(),
          keyName: z.string(),
          expiresAt: z.string(),
          /** Name of the service member that the key acts for; absent for a key of the addressee. */
          serviceMember: z.string().optional(),
        }),
      }),
    ]),
  }),
  /** `false`: the address is not known (anymore), and nothing will be sent. */
  output: z.strictObject({ accepted: z.boolean() }),
  timeoutMs: 5_000,
});

/**
 * Stores an address that somebody invites, and returns its ID: an HMAC, which events may contain. The record lasts until
 * `keepUntil`.
 */
export const registerAddressRequest = request({
  subject: 'identity.v1.addresses.register',
  permission: SERVICES_ONLY,
  callers: ['organizations'],
  input: z.strictObject({ email: z.email().max(254), keepUntil: z.iso.datetime() }),
  output: z.strictObject({
    addressId: z.string(),
    /** The user who has verified this address. */
    userId: z.string().nullable(),
  }),
  timeoutMs: 5_000,
});

/** Returns addresses by ID, for views. IDs whose address is not stored are omitted. */
export const addressesRequest = request({
  subject: 'identity.v1.addresses.find',
  permission: SERVICES_ONLY,
  callers: ['organizations'],
  input: z.strictObject({ addressIds: z.array(z.string()).max(500) }),
  output: z.strictObject({ addresses: z.array(z.strictObject({ addressId: z.string(), email: z.string() })) }),
  timeoutMs: 5_000,
});

/** Returns the ID of a user's verified address. */
export const ownAddressRequest = request({
  subject: 'identity.v1.addresses.own',
  permission: SERVICES_ONLY,
  callers: ['organizations'],
  input: z.strictObject({ userId: z.string().min(1) }),
  output: z.strictObject({
    /** `null` if the user has no verified address. */
    addressId: z.string().nullable(),
  }),
  timeoutMs: 5_000,
});

/** Returns what an inviter has to hand over: the address of a page, or a command with the token. */
export const invitationLinkRequest = request({
  subject: 'identity.v1.invitation-link',
  permission: SERVICES_ONLY,
  callers: ['organizations'],
  input: z.strictObject({ token: z.string().min(1) }),
  /** `null` if a mail server sends it. */
  output: z.strictObject({ link: z.string().nullable() }),
  timeoutMs: 5_000,
});

/** Creates a link with which a user sets a new password at the built-in issuer. */
export const passwordLinkRequest = request({
  subject: 'identity.v1.users.password-link',
  route: 'POST /v1/users/{user}/password-link',
  summary: 'Create a link with which a user (ID or e-mail address) sets a new password: single use, 24 hours',
  permission: 'platform.users',
  input: z.strictObject({ user: z.string().min(1).max(320) }),
  output: z.strictObject({
    /** `null` if it was sent by e-mail, or if this repeats an earlier request, which returned it. */
    link: z.string().nullable(),
    expiresAt: z.string(),
    /** Whether a mail server sends the link to the user's address. */
    mailed: z.boolean(),
  }),
  success: 201,
  timeoutMs: 10_000,
});
