import { assertNever, domainError, err, ok, type Decider, type DomainError } from '#kernel';
import { headEvents, signingKeyEvents, type HeadEvent, type SigningKeyEvent } from './head.events.ts';

/** Sizes of the newest signed head, and of the newest one that was published; 0 before the first. */
export interface Heads {
  readonly signed: number;
  readonly published: number;
  /** Number of keys of the installation when the newest head was signed. */
  readonly keys: number;
}

export type HeadCommand =
  | {
      readonly type: 'sign';
      readonly size: number;
      readonly root: string;
      readonly position: string;
      readonly note: string;
      /** Number of keys of the installation, the last of which has signed the note. */
      readonly keys: number;
    }
  | { readonly type: 'publish'; readonly size: number };

/**
 * Records heads that grow. A head that is not larger than the newest one is not recorded, and none of a key that was
 * replaced once its successor has signed: a process that was frozen while it signed finds another head. Neither is an
 * error.
 */
export const headDecider: Decider<Heads, HeadCommand, HeadEvent, never> = {
  events: headEvents,
  initialState: { signed: 0, published: 0, keys: 0 },
  evolve(state, event) {
    switch (event.type) {
      case 'audit.head-signed.v1':
        return { ...state, signed: event.data.size, keys: event.data.keys ?? state.keys };
      case 'audit.head-published.v1':
        return { ...state, published: event.data.size };
      default:
        return assertNever(event);
    }
  },
  decide(command, state) {
    switch (command.type) {
      case 'sign': {
        const { type, ...data } = command;
        return ok(data.size > state.signed && data.keys >= state.keys ? [{ type: 'audit.head-signed.v1', data }] : []);
      }
      case 'publish': {
        const { size } = command;
        return ok(size > state.published ? [{ type: 'audit.head-published.v1', data: { size } }] : []);
      }
      default:
        return assertNever(command);
    }
  },
};

/** A key of the installation: its public key in standard base64. */
export interface SigningKey {
  readonly publicKey: string;
  readonly createdAt: string;
}

/** The keys of the installation, oldest first. */
export type SigningKeyList = readonly SigningKey[];

/** Makes a key the newest one, unless another process has added one since `after` keys were read. */
export const signingKeyDecider: Decider<
  SigningKeyList,
  SigningKey & { readonly after: number },
  SigningKeyEvent,
  DomainError<'audit/key-added'>
> = {
  events: signingKeyEvents,
  initialState: [],
  evolve: (keys, { data }) => [...keys, data],
  decide: ({ after, publicKey, createdAt }, keys) =>
    keys.length === after
      ? ok([{ type: 'audit-key.created.v1', data: { publicKey, createdAt } }])
      : err(
          domainError('audit/key-added', 'conflict', 'Another signing key was added at the same time.', {
            fix: 'astroctl audit keys',
          }),
        ),
};
