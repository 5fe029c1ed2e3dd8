import { BUS, type Bus } from '#bus';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import { SERVICE_SETTINGS, type ServiceSettings } from '#runtime';
import { checkpointText, signNote } from '#transparency';
import { Inject, Injectable } from '@nestjs/common';
import { treeProjection } from '../tree/tree.projection.ts';
import { isGrowing, rootOf } from '../tree/tree.ts';
import { headDecider } from './head.decider.ts';
import { headStream } from './head.events.ts';
import { headsProjection } from './heads.projection.ts';
import { originOf } from './origin.ts';
import { SigningKeys } from './signing-keys.service.ts';

/** Milliseconds between two heads of an organization. */
const APART_MS = 60_000;

/** Signs the present state of an organization's tree. */
@Injectable()
export class HeadSigning {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(SigningKeys) private readonly keys: SigningKeys,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SERVICE_SETTINGS) private readonly settings: Pick<ServiceSettings, 'publicUrl'>,
  ) {}

  /**
   * Signs a head if the tree has grown, and the last head is a minute old.
   *
   * @returns whether nothing is left to sign; false if the minute has not passed
   */
  async sign(organizationId: string): Promise<Result<boolean, DomainError>> {
    const found = await this.readModels.get(treeProjection, organizationId);
    if (!found.ok) return found;
    const tree = found.value?.document;
    if (tree === undefined || !isGrowing(tree)) return ok(true);
    const newest = await this.readModels.get(headsProjection, organizationId);
    if (!newest.ok) return newest;
    const { size, signedAt } = newest.value?.document ?? { size: 0, signedAt: undefined };
    if (tree.size <= size) return ok(true);
    if (signedAt !== undefined && this.clock.now() - Date.parse(signedAt) < APART_MS) return ok(false);

    const key = await this.keys.newest();
    if (!key.ok) return key;
    const root = rootOf(tree);
    const origin = originOf(this.settings.publicUrl, organizationId);
    const command = {
      type: 'sign',
      size: tree.size,
      root: Buffer.from(root).toString('base64'),
      position: tree.position,
      note: signNote(checkpointText({ origin, size: tree.size, root }), origin, key.value.seed),
      keys: key.value.number,
    } as const;
    const context = this.bus.own({ organizationId });
    const signed = await this.commands.run(headDecider, headStream(organizationId), command, context);
    return signed.ok ? ok(true) : signed;
  }
}
