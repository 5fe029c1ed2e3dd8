import { age, ExitCode, isCommandError, type Column, type Options, type Outcome, type Session } from '#cli';
import {
  createWebhookRequest,
  deleteWebhookRequest,
  listWebhooksRequest,
  type WebhookProvider,
  type WebhookView,
} from '#deployments/contract';
import type { webhookCommands } from './commands.cli.ts';

/** Where address and secret are entered, and how deliveries are signed. */
const SETUP: Readonly<Record<WebhookProvider, string>> = {
  github:
    'In the settings of the repository, add a webhook: this address as payload URL, content type application/json, this secret, and the push event.',
  gitlab:
    'In the settings of the project, add a webhook: this address as URL, this secret as secret token, and the push and tag push events.',
  generic:
    'Send JSON with the header X-Astro-Signature: t=SECONDS,v1=HMAC. SECONDS is the time since 1970, and HMAC the HMAC-SHA256 of SECONDS, a dot, and the body, in hexadecimal.',
};

/** Runs `app webhook create NAME`. */
export async function webhookCreate(
  { name, provider }: Options<typeof webhookCommands.webhookCreate>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const made = await session.call(createWebhookRequest, { org, name, ...(provider !== undefined && { provider }) });
  if (!made.ok) return made.failure;
  await session.print.one(made.value, {
    lines: ['id', 'provider', 'address', 'secret'],
    name: ({ id }) => `webhook/${id}`,
  });
  session.print.note(`The secret is shown only once. ${SETUP[made.value.provider]}`);
  return ExitCode.Success;
}

/** Runs `app webhook list NAME`. */
export async function webhookList(
  { name }: Options<typeof webhookCommands.webhookList>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(listWebhooksRequest, { org, name });
  if (!found.ok) return found.failure;
  const now = session.io.clock.now();
  const columns: Column<WebhookView>[] = [
    { title: 'ID', value: ({ id }) => id },
    { title: 'PROVIDER', value: ({ provider }) => provider },
    { title: 'CREATED', value: ({ createdAt }) => age(createdAt, now) },
    { title: 'BY', value: ({ by }) => by },
    {
      title: 'LAST-DELIVERY',
      value: ({ lastDelivery: last }) => (last ? `${last.outcome} ${age(last.at, now)} ago` : '-'),
    },
    { title: 'ADDRESS', value: ({ address }) => address, wide: true },
    { title: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint, wide: true },
  ];
  await session.print.list(found.value.items, {
    columns,
    name: ({ id }) => `webhook/${id}`,
    empty: `${name} has no webhooks. Create one: astroctl app webhook create ${name}`,
  });
  return ExitCode.Success;
}

/** Runs `app webhook delete NAME ID`. */
export async function webhookDelete(
  options: Options<typeof webhookCommands.webhookDelete>,
  session: Session,
): Promise<Outcome> {
  const { name, id } = options;
  const dryRun = options['dry-run'];
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const done = await session.call(deleteWebhookRequest, { org, name, id }, { dryRun });
  if (!done.ok) return done.failure;
  const text = `webhook/${id} ${dryRun ? 'would be deleted (dry run)' : 'deleted'}`;
  await session.print.done(done.value, { text, name: `webhook/${id}` });
  return ExitCode.Success;
}
