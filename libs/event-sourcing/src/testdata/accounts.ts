import { domainError, err, ok, REMOVED, type Actor, type CommandContext, type Decider, type Fact, type Projection } from '#kernel';

/** A small domain for the specs of this project: accounts that are opened, credited, and closed. */
export type AccountEvent = Fact<'account.opened.v1', { readonly owner: string }> | Fact<'account.credited.v2', { readonly amount: number }> | Fact<'account.closed.v1', Record<never, never>>;

export type AccountCommand = { readonly is: 'open'; readonly owner: string } | { readonly is: 'credit'; readonly amount: number; readonly parts?: number } | { readonly is: 'close' };

export interface Account {
  readonly status: 'absent' | 'open' | 'closed';
  readonly balance: number;
  readonly credits: number;
}

export type AccountError = ReturnType<typeof notOpen>;
const notOpen = () => domainError('account/not-open', 'conflict', 'The account is not open.');

const family = {
  categories: ['account'],
  types: { 'account.opened.v1': true, 'account.credited.v1': true, 'account.credited.v2': true, 'account.closed.v1': true },
  upcast(stored: Fact): AccountEvent {
    const { type, data } = stored;
    if (type === 'account.credited.v1') return { type: 'account.credited.v2', data: { amount: numberIn(data, 'euros') * 100 } };
    return stored as AccountEvent; // its type is in the table above
  },
} as const;

const numberIn = (data: unknown, name: string): number => (data instanceof Object ? Number(Object.entries(data).find(([key]) => key === name)?.[1]) : Number.NaN);

export const accountDecider: Decider<Account, AccountCommand, AccountEvent, AccountError> = {
  events: family,
  initialState: { status: 'absent', balance: 0, credits: 0 },
  evolve(state, event) {
    switch (event.type) {
      case 'account.opened.v1':
        return { ...state, status: 'open' };
      case 'account.credited.v2':
        return { ...state, balance: state.balance + event.data.amount, credits: state.credits + 1 };
      case 'account.closed.v1':
        return { ...state, status: 'closed' };
    }
  },
  decide(command, state) {
    switch (command.is) {
      case 'open':
        return ok(state.status === 'open' ? [] : [{ type: 'account.opened.v1', data: { owner: command.owner } }]);
      case 'credit':
        if (state.status !== 'open') return err(notOpen());
        return ok(Array.from({ length: command.parts ?? 1 }, () => ({ type: 'account.credited.v2', data: { amount: command.amount } }) as const));
      case 'close':
        return state.status === 'open' ? ok([{ type: 'account.closed.v1', data: {} }]) : err(notOpen());
    }
  },
};

export interface Balance {
  readonly owner: string;
  readonly balance: number;
  readonly credits: number;
}

/** Amounts that cannot be applied while `poison.isOn`. */
export const poison = { isOn: false, amount: 666 };

export const balances: Projection<AccountEvent, Balance> = {
  name: 'balances.v1',
  events: family,
  indexes: ['owner', 'balance'],
  documentId: ({ metadata }) => metadata.stream,
  apply(document, { event }) {
    switch (event.type) {
      case 'account.opened.v1':
        return { owner: event.data.owner, balance: 0, credits: 0 };
      case 'account.credited.v2':
        if (poison.isOn && event.data.amount === poison.amount) throw new TypeError('no such amount');
        if (document === undefined) throw new Error('credited before it was opened');
        return { ...document, balance: document.balance + event.data.amount, credits: document.credits + 1 };
      case 'account.closed.v1':
        return REMOVED;
    }
  },
};

const actor: Actor = { id: 'user-1', kind: 'person', isGlobalAdmin: false };

/** Returns a request context. `name` and `body` are the two halves of its command ID. */
export const request = (name: string, body = 'b'): CommandContext => ({
  actor,
  commandId: `${Buffer.from(name).toString('hex').padStart(32, '0').slice(-32)}.${Buffer.from(body).toString('hex').padStart(32, '0').slice(-32)}`,
  correlationId: 'correlation-1',
  organizationId: 'organization-1',
});
