import { createLaptop } from '#cli/testing';
import {
  acceptInvitationRequest,
  declineInvitationRequest,
  inviteRequest,
  listOwnInvitationsRequest,
  resendInvitationRequest,
  type OwnInvitationView,
  type SentInvitation,
} from '#organizations/contract';
import { temporaryFolder } from '#testing';
import { organizationsCommands, organizationsGroups } from './cli.ts';

const folder = temporaryFolder();
const laptopOf = () => {
  const laptop = createLaptop(folder, { commands: organizationsCommands, groups: organizationsGroups });
  laptop.logIn(['acme']);
  return laptop;
};
const LINK = 'https://astro.example/oidc/invitation/secret';
const sent = (link: string | null): SentInvitation => ({
  id: 'inv_1',
  email: 'grace@acme.dev',
  role: 'editor',
  audit: false,
  auditUntil: null,
  state: 'PENDING',
  createdAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2026-01-08T00:00:00.000Z',
  invitedById: 'ada',
  invitedBy: 'ada@acme.dev',
  link,
});
const own = (id: string, slug: string): OwnInvitationView => ({
  id,
  organization: { id: `id-of-${slug}`, slug, name: slug },
  role: 'editor',
  audit: false,
  auditUntil: null,
  expiresAt: '2026-01-08T00:00:00.000Z',
  invitedBy: 'ada@acme.dev',
});

describe('an invitation that was sent', () => {
  it('is announced with the link if there is no mail server', async () => {
    const laptop = laptopOf();
    laptop.on(inviteRequest, () => sent(LINK));
    const { exit, stdout, stderr } = await laptop.run('org invite grace@acme.dev --role editor');
    expect([exit, stdout]).toEqual([0, 'invitation/inv_1 created: grace@acme.dev, editor\n']);
    expect(stderr).toBe(
      `No mail server is configured. Hand over this link yourself (only grace@acme.dev can use it):\n  ${LINK}\n`,
    );
  });
  it('is announced as an e-mail if there is one', async () => {
    const laptop = laptopOf();
    laptop.on(resendInvitationRequest, () => sent(null));
    const { stdout, stderr } = await laptop.run('org resend-invitation inv_1');
    expect(stdout).toBe('invitation/inv_1 sent again: grace@acme.dev, editor\n');
    expect(stderr).toBe('An e-mail with a link goes to grace@acme.dev, valid until 2026-01-08T00:00:00.000Z.\n');
  });
  it('is not announced as an e-mail if the first response was lost', async () => {
    const laptop = laptopOf();
    laptop.answersRepeated = true;
    laptop.on(inviteRequest, () => sent(null));
    const { exit, stderr } = await laptop.run('org invite grace@acme.dev --role editor');
    expect(exit).toBe(0);
    expect(stderr).toBe(
      'A link is shown only once. If grace@acme.dev gets no e-mail, create another one: astroctl org resend-invitation inv_1\n',
    );
  });
  it('is not sent with an end of the right audit without that right', async () => {
    const laptop = laptopOf();
    const { exit, stderr } = await laptop.run('org invite grace@acme.dev --until 2027-03-31');
    expect([exit, laptop.sent]).toEqual([2, []]);
    expect(stderr).toContain('--audit');
  });
});

describe('answering an invitation', () => {
  it('uses the token of a link, or the only pending invitation', async () => {
    const laptop = laptopOf();
    laptop.on(listOwnInvitationsRequest, () => ({ items: [own('inv_1', 'acme')] }));
    laptop.on(acceptInvitationRequest, () => own('inv_1', 'acme'));
    expect(await laptop.run(`org accept ${LINK}`, { terminal: true })).toMatchObject({
      exit: 0,
      stdout: 'invitation/inv_1 accepted: acme, editor\n',
    });
    await laptop.run('org accept', { terminal: true });
    const answered = laptop.sent.filter(({ subject }) => subject === acceptInvitationRequest.subject);
    expect(answered.map(({ input }) => input['token'])).toEqual(['secret', 'inv_1']);
  });
  it('shows in a dry run what it would accept, and stores no key', async () => {
    const laptop = laptopOf();
    laptop.on(acceptInvitationRequest, () => own('inv_1', 'rockets'));
    expect(await laptop.run('org accept inv_1 --dry-run', { terminal: true })).toMatchObject({
      exit: 0,
      stdout: 'invitation/inv_1 would be accepted (dry run): rockets, editor\n',
    });
    expect(laptop.sent.at(-1)).toMatchObject({ subject: acceptInvitationRequest.subject });
  });
  it('lists several pending invitations, and answers none', async () => {
    const laptop = laptopOf();
    laptop.on(listOwnInvitationsRequest, () => ({ items: [own('inv_1', 'acme'), own('inv_2', 'rockets')] }));
    laptop.on(declineInvitationRequest, () => own('inv_1', 'acme'));
    const { exit, stderr } = await laptop.run('org decline', { terminal: true });
    expect(exit).toBe(2);
    expect(stderr).toMatch(/inv_1 +acme(.|\n)*inv_2 +rockets(.|\n)*astroctl org decline inv_1/);
    expect(laptop.sent.map(({ subject }) => subject)).not.toContain(declineInvitationRequest.subject);
  });
  it('says that there is no pending invitation', async () => {
    const laptop = laptopOf();
    laptop.on(listOwnInvitationsRequest, () => ({ items: [] }));
    expect(await laptop.run('org accept', { terminal: true })).toMatchObject({
      exit: 6,
      stderr: expect.stringContaining('You have no pending invitation.'),
    });
  });
});
