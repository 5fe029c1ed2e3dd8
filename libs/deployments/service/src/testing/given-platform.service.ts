import { applyApplicationRequest, applyProfileRequest, registerClusterRequest } from '#deployments/contract';
import type { Role } from '#access';
import type { OutputOf } from '#bus/contract';
import type { Reply } from '#bus';
import { temporaryFolder } from '#testing';
import { openWorkQueue } from '#testing/embedded';
import type { WorkQueue } from '#work-queue';
import { FakeWorker } from './fake-worker.service.ts';
import { image, profile, registration } from './fixtures.ts';
import { openTestPlatform, type TestPlatform } from './test-platform.module.ts';

/** Organization of the test platform. Its slug is `acme`. */
export const ORG = 'org-1';

/** Options of `givenPlatform`. */
export interface GivenOptions {
  /** Roles of members by name, which is also their id. Defaults to `ada`, an owner. */
  readonly members?: Readonly<Record<string, Role>>;
  /** Profiles on the cluster `dev` by name, with additional fields. Defaults to `staging`. */
  readonly profiles?: Readonly<Record<string, object>>;
  /** Responses of other services; see `openTestPlatform`. */
  readonly answers?: Parameters<typeof openTestPlatform>[2];
}

/**
 * Opens a platform for each test of the calling file: the organization `acme` with members, a registered cluster `dev`
 * and profiles on it. Without profiles, there is no cluster.
 */
export function givenPlatform({
  members = { ada: 'owner' },
  profiles = { staging: {} },
  answers = {},
}: GivenOptions = {}): Given {
  const folder = temporaryFolder();
  const given = new Given();
  let opened = 0;
  beforeEach(async () => {
    const own = `${folder}/${opened++}`;
    const queue = await openWorkQueue(own);
    const platform = await openTestPlatform(own, queue, answers);
    given.open(platform, queue);
    await platform.found(ORG, 'acme', members);
    const names = Object.entries(profiles);
    if (names.length === 0) return;
    const manifest = registration('dev');
    await made(platform.ask(registerClusterRequest, { org: ORG, name: 'dev', manifest }, given.by('ada')));
    for (const [name, more] of names)
      await made(platform.ask(applyProfileRequest, { org: ORG, name, manifest: profile(name, more) }, given.by('ada')));
  });
  afterEach(() => given.close());
  return given;
}

/** Platform of the running test. */
export class Given {
  private opened:
    { readonly platform: TestPlatform; readonly queue: WorkQueue; readonly worker: FakeWorker } | undefined;

  open(platform: TestPlatform, queue: WorkQueue): void {
    this.opened = { platform, queue, worker: new FakeWorker(platform, queue) };
  }

  async close(): Promise<void> {
    const present = this.present();
    this.opened = undefined;
    await present.platform.close();
    await present.queue.close();
  }

  get platform(): TestPlatform {
    return this.present().platform;
  }

  get queue(): WorkQueue {
    return this.present().queue;
  }

  get worker(): FakeWorker {
    return this.present().worker;
  }

  /** Returns a request of a member. */
  by(name: string, more: Parameters<TestPlatform['person']>[2] = {}) {
    return this.platform.person(name, ORG, more);
  }

  /** Applies an application. @param manifest defaults to an image with the tag `1` */
  apply(
    name: string,
    manifest: unknown = image(name, '1'),
    context = this.by('ada'),
  ): Promise<Reply<OutputOf<typeof applyApplicationRequest>>> {
    return this.platform.ask(applyApplicationRequest, { org: ORG, name, manifest }, context);
  }

  private present() {
    if (!this.opened) throw new Error('a given platform is open during a test only');
    return this.opened;
  }
}

async function made(answer: Promise<Reply<unknown>>): Promise<void> {
  const { ok, ...rest } = await answer;
  if (!ok) throw new Error('error' in rest ? rest.error.code : 'no answer');
}
