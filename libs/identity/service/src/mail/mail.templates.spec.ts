import { write, writePasswordLink, type Message } from './mail.templates.ts';

const surroundings = {
  publicUrl: 'https://astro.acme.dev',
  from: 'ada@acme.dev',
  invitationLink: (token: string) => `https://astro.acme.dev/oidc/invitation/${token}`,
  to: 'grace@acme.dev',
};
const expiresAt = '2026-03-01T12:34:56.789Z';

describe('an invitation', () => {
  const message: Message = {
    template: 'invitation',
    values: { organization: 'Acme', role: 'editor', invitedBy: 'ada', token: 'secret', expiresAt },
  };
  it('says who invites to what, until when, and contains the link', () => {
    const { subject, text } = write(message, surroundings);
    expect(subject).toBe('Invitation to Acme on Astro Platform');
    expect(text).toContain('ada@acme.dev invites you to join the organization Acme on Astro Platform as editor.');
    expect(text).toContain('open this link:\n\n  https://astro.acme.dev/oidc/invitation/secret\n');
    expect(text).toContain('ends at 2026-03-01 12:34 UTC. Only grace@acme.dev can use it.');
  });
  it('contains a command if the platform has no page for it', () => {
    const { text } = write(message, { ...surroundings, invitationLink: (token) => `astroctl org accept ${token}` });
    expect(text).toContain('log in, then run:\n\n  astroctl org accept secret\n');
  });
});

describe('the message that a key ends', () => {
  const values = { organization: 'acme', keyId: 'key_1', keyName: 'nightly build', expiresAt };
  it('says which key, when, and how to create another one', () => {
    const { subject, text } = write({ template: 'key-expiry', values }, surroundings);
    expect(subject).toBe('Access key nightly build of acme ends at 2026-03-01 12:34 UTC');
    expect(text).toContain('Your access key nightly build (key_1)');
    expect(text).toContain(
      '  astroctl key create --name "nightly build" --org-id acme --api-url https://astro.acme.dev\n',
    );
  });
  it('names the service member that the key acts for', () => {
    const { text } = write({ template: 'key-expiry', values: { ...values, serviceMember: 'ci-deploy' } }, surroundings);
    expect(text).toContain('The access key of ci-deploy nightly build (key_1)');
    expect(text).toContain('--name "nightly build" --service "ci-deploy" --org-id acme');
  });
});

it('the message with a link to set a password says until when it works', () => {
  expect(writePasswordLink('https://astro.acme.dev/oidc/password/secret', expiresAt).text).toMatch(
    /\n {2}https:\/\/astro\.acme\.dev\/oidc\/password\/secret\n[^]*until 2026-03-01 12:34 UTC/,
  );
});
