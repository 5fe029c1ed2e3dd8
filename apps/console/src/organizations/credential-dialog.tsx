import { PasswordInput, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { setCredentialRequest, type CredentialView } from '#deployments/contract';
import { useState } from 'react';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { useContractForm, type ContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { useCommand } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';

/** Stores how a host is contacted, or replaces some of it. */
export function CredentialDialog({
  org,
  credential,
  onClose,
}: {
  readonly org: string;
  /** The credential to change; absent: a new one. */
  readonly credential?: CredentialView;
  readonly onClose: () => void;
}) {
  const command = useCommand(setCredentialRequest);
  const form = useContractForm(
    setCredentialRequest,
    { org, kind: credential?.kind ?? 'git', ...(credential && { host: credential.host }) },
    command.error,
  );
  const [isSsh, setSsh] = useState(credential?.knownHosts ?? false);
  const { host = '', kind = 'git', user, certificateAuthority = '' } = form.values;
  const submit = async () => {
    const input = form.check();
    if (!input || !(await command.run(input))) return;
    toast(`The ${kind} credential of ${host} is stored.`);
    onClose();
  };
  return (
    <FormDialog
      title={credential ? `Replace the ${kind} credential of ${host}` : 'Set credential'}
      verb={credential ? 'Replace credential' : 'Set credential'}
      command={`${commandLine(
        'credentials',
        'set',
        host === '' ? 'HOST' : host,
        '--kind',
        kind,
        ...flagOf('--user', user),
        ...(isSsh ? ['--known-hosts', 'known_hosts'] : certificateAuthority === '' ? [] : ['--ca', 'ca.pem']),
        '--org',
        org,
      )} < ${isSsh ? 'id_ed25519' : 'token.txt'}`}
      isPending={command.isPending}
      error={command.error}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      {!credential && (
        <>
          <SegmentedControl
            aria-label="What the host serves"
            value={kind}
            onChange={(next) => {
              form.set('kind', next);
              setSsh(false);
            }}
            data={[
              { value: 'git', label: 'Git repositories' },
              { value: 'registry', label: 'Charts and images' },
            ]}
          />
          <TextInput
            label="Host"
            description="With :port if it is not the default port, such as git.acme.dev."
            value={host}
            onChange={(event) => form.set('host', event.currentTarget.value.trim().toLowerCase())}
            error={form.errorOf('host')}
            autoComplete="off"
            required
            data-autofocus
          />
        </>
      )}
      {kind === 'git' && (
        <SegmentedControl
          aria-label="Protocol"
          value={isSsh ? 'ssh' : 'https'}
          onChange={(next) => {
            setSsh(next === 'ssh');
            form.set('secret', undefined);
          }}
          data={[
            { value: 'https', label: 'https' },
            { value: 'ssh', label: 'ssh' },
          ]}
        />
      )}
      <TextInput
        label="User"
        description={credential ? 'Empty: unchanged.' : 'User name that belongs to the secret. Many hosts need none.'}
        value={user ?? ''}
        onChange={(event) => form.set('user', event.currentTarget.value)}
        error={form.errorOf('user')}
        autoComplete="off"
      />
      <SecretFields form={form} isSsh={isSsh} isNew={credential === undefined} />
    </FormDialog>
  );
}

/** The secret, and what it trusts: a key pair with host keys for ssh, a token with an authority for https. */
function SecretFields({
  form,
  isSsh,
  isNew,
}: {
  readonly form: ContractForm<typeof setCredentialRequest>;
  readonly isSsh: boolean;
  readonly isNew: boolean;
}) {
  const { secret = '', certificateAuthority = '', knownHosts = '' } = form.values;
  if (isSsh)
    return (
      <>
        <Textarea
          label="Private key"
          description={isNew ? 'Without a passphrase. It is encrypted, and never shown again.' : 'Empty: unchanged.'}
          value={secret}
          onChange={(event) => form.set('secret', event.currentTarget.value)}
          error={form.errorOf('secret')}
          rows={5}
          autoComplete="off"
          spellCheck={false}
        />
        <Textarea
          label="Host keys"
          description="Lines of a known_hosts file, as ssh-keyscan prints them. Compare them with those that the host publishes."
          value={knownHosts}
          onChange={(event) => form.set('knownHosts', event.currentTarget.value)}
          error={form.errorOf('knownHosts')}
          rows={3}
          spellCheck={false}
        />
      </>
    );
  return (
    <>
      <PasswordInput
        label="Password or token"
        description={isNew ? 'It is encrypted, and never shown again.' : 'Empty: unchanged.'}
        value={secret}
        onChange={(event) => form.set('secret', event.currentTarget.value)}
        error={form.errorOf('secret')}
        autoComplete="new-password"
      />
      <Textarea
        label="Certificate authority"
        description="PEM, only if the host has a certificate of a private authority."
        value={certificateAuthority}
        onChange={(event) => form.set('certificateAuthority', event.currentTarget.value)}
        error={form.errorOf('certificateAuthority')}
        rows={3}
        spellCheck={false}
      />
    </>
  );
}
