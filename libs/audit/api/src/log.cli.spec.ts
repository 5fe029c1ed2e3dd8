import { auditLogRequest, exportAuditLogRequest, type AuditEntry } from '#audit/contract';
import { createLaptop } from '#cli/testing';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { auditCommands } from './cli.ts';

const folder = temporaryFolder();
const laptop = () => {
  const made = createLaptop(folder, { commands: auditCommands });
  made.logIn(['acme']);
  return made;
};
const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  position: 'teststore.00000000000000000042',
  time: '2026-11-24T12:00:00.123Z',
  who: 'ada@acme.dev',
  whoId: 'ada',
  action: 'application.configured',
  object: 'application/web',
  objectId: 'application/1',
  right: 'editor',
  permission: 'application.deploy',
  grantedBy: 'event-0',
  credential: 'login',
  keyId: null,
  result: 'done',
  count: 1,
  network: '203.0.113.0/24',
  address: null,
  requestId: 'request-1',
  causedBy: null,
  eventId: 'event-1',
  message: 'revision 3',
  ...more,
});

describe('astroctl audit list', () => {
  it('prints who did what, and by which right', async () => {
    const at = laptop();
    at.onStream(auditLogRequest, () => [
      entry(),
      entry({ who: 'vic@acme.dev', action: 'members.manage', object: null, right: null, result: 'refused', count: 3 }),
    ]);
    const { exit, stdout } = await at.run('audit list');
    expect(exit).toBe(0);
    expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, '|'))).toEqual([
      'TIME|POSITION|WHO|ACTION|OBJECT|RIGHT|RESULT',
      '2026-11-24T12:00:00Z|42|ada@acme.dev|application.configured|application/web|editor|done',
      '2026-11-24T12:00:00Z|42|vic@acme.dev|members.manage (3)|-|-|refused',
      '',
    ]);
  });

  it('C11: escapes control characters in names, so that no terminal interprets them', async () => {
    const at = laptop();
    const forged = '\u001b[2Jroot\r\n2026-11-24T12:00:00Z done\u202e';
    at.onStream(auditLogRequest, () => [entry({ who: forged, object: `application/${forged}`, message: forged })]);
    for (const command of ['audit list', 'audit list -o wide', 'org audit', 'audit list -f']) {
      const { stdout } = await at.run(command);
      expect(stdout.trimEnd().split('\n')).toHaveLength(2);
      expect(stdout).toContain(String.raw`\u001b[2Jroot\u000d 2026-11-24T12:00:00Z done\u202e`);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    }
  });

  it('sends the filters, and reads pages up to the limit', async () => {
    const at = laptop();
    const asked: unknown[] = [];
    at.onStream(auditLogRequest, (input) => {
      asked.push(input);
      return asked.length === 1 ? [entry(), { next: 'c1' }] : [entry({ eventId: 'event-2' })];
    });
    const { stdout } = await at.run(
      'audit list --who ada@acme.dev --object application/web --since 2026-11-01 --result done --limit 700 -o json',
    );
    expect((JSON.parse(stdout) as { items: AuditEntry[] }).items.map(({ eventId }) => eventId)).toEqual([
      'event-1',
      'event-2',
    ]);
    const filters = {
      org: expect.any(String) as string,
      who: 'ada@acme.dev',
      object: 'application/web',
      since: '2026-11-01T00:00:00.000Z',
      result: 'done',
    };
    expect(asked).toEqual([
      { ...filters, limit: 500 },
      { ...filters, limit: 500, cursor: 'c1' },
    ]);
  });

  it('says that there are older entries', async () => {
    const at = laptop();
    at.onStream(auditLogRequest, () => [entry(), { next: 'c1' }]);
    const { stderr } = await at.run('audit list --limit 1');
    expect(stderr).toContain('There are older entries');
  });

  it('rejects a time and a number that it cannot read', async () => {
    const at = laptop();
    expect(await at.run('audit list --since yesterday')).toMatchObject({ exit: 2 });
    expect(await at.run('audit list --limit 0')).toMatchObject({ exit: 2 });
  });

  it('exits 5 if the role permits only the own actions', async () => {
    const at = laptop();
    at.onStream(auditLogRequest, () => domainError('audit/own-actions-only', 'forbidden', 'Only your own.'));
    expect(await at.run('audit list --who ada@acme.dev')).toMatchObject({ exit: 5 });
  });
});

describe('astroctl audit export', () => {
  it('C13: prints CSV that no spreadsheet evaluates', async () => {
    const at = laptop();
    at.onStream(exportAuditLogRequest, () => [entry({ message: '=cmd|calc', who: '@SUM(A1)' })]);
    const { exit, stdout } = await at.run('audit export --format csv');
    expect(exit).toBe(0);
    const [head, line, end] = stdout.split('\r\n');
    expect(head).toMatch(/^position,time,who,whoId,action,/);
    expect(line).toContain(",'@SUM(A1),");
    expect(line).toMatch(/,'=cmd\|calc$/);
    expect(end).toBe('');
  });
});
