import {
  getAuditHeadRequest,
  listAuditKeysRequest,
  listSealedEventsRequest,
  proveAuditRequest,
  verifyAuditRequest,
  type AuditHead,
} from '#audit/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type OrganizationContext, type ReplyTo } from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { SERVICE_SETTINGS, type ServiceSettings } from '#runtime';
import { formatVerifierKey, verifierKey } from '#transparency';
import { Controller, Inject } from '@nestjs/common';
import { LogReaders } from '../access/log-readers.service.ts';
import { TreeReader } from '../tree/tree-reader.service.ts';
import { AuditVerification } from './audit-verification.service.ts';
import { headErrors } from './heads.errors.ts';
import { headsProjection, type NewestHeads } from './heads.projection.ts';
import { originOf } from './origin.ts';
import { SealedEvents, sealedView } from './sealed-events.service.ts';
import { SigningKeys } from './signing-keys.service.ts';

@Controller()
export class HeadsQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(TreeReader) private readonly tree: TreeReader,
    @Inject(SealedEvents) private readonly events: SealedEvents,
    @Inject(AuditVerification) private readonly verification: AuditVerification,
    @Inject(SigningKeys) private readonly signingKeys: SigningKeys,
    @Inject(LogReaders) private readonly readers: LogReaders,
    @Inject(SERVICE_SETTINGS) private readonly settings: Pick<ServiceSettings, 'publicUrl'>,
  ) {}

  @Serves(getAuditHeadRequest)
  async head(
    @Input() _input: InputOf<typeof getAuditHeadRequest>,
    @Caller() context: ContextOf<typeof getAuditHeadRequest>,
  ): Promise<ReplyTo<typeof getAuditHeadRequest>> {
    const head = await this.wholeLog(context);
    return head.ok ? reply(head.value) : refuse(head.error);
  }

  @Serves(listAuditKeysRequest)
  async keys(
    @Input() page: InputOf<typeof listAuditKeysRequest>,
    @Caller() context: ContextOf<typeof listAuditKeysRequest>,
  ): Promise<ReplyTo<typeof listAuditKeysRequest>> {
    const { organizationId } = context;
    const isReader = await this.readers.checkWholeLog(context);
    if (!isReader.ok) return refuse(isReader.error);
    const keys = await this.signingKeys.list();
    if (!keys.ok) return refuse(keys.error);
    const heads = await this.document(organizationId);
    if (!heads.ok) return refuse(heads.error);
    const origin = originOf(this.settings.publicUrl, organizationId);
    const newestFirst = keys.value
      .map((key, at) => ({ ...key, retiredAt: keys.value[at + 1]?.createdAt ?? null }))
      .toReversed()
      .map((key, index) => ({ ...key, index }));
    const { items, next } = pageOf(newestFirst, ({ index }) => String(index).padStart(6, '0'), page);
    return reply({
      items: items.map(({ publicKey, createdAt, retiredAt }) => {
        const key = verifierKey(origin, Buffer.from(publicKey, 'base64'));
        const lastHeadAt = heads.value?.signers[key.id] ?? null;
        return { key: formatVerifierKey(key), createdAt, retiredAt, lastHeadAt };
      }),
      ...(next !== undefined && { next }),
    });
  }

  @Serves(proveAuditRequest)
  async prove(
    @Input() { position, from, to }: InputOf<typeof proveAuditRequest>,
    @Caller() context: ContextOf<typeof proveAuditRequest>,
  ): Promise<ReplyTo<typeof proveAuditRequest>> {
    const head = await this.wholeLog(context);
    if (!head.ok) return refuse(head.error);
    const size = to ?? head.value.size;
    if (size > head.value.size) return refuse(headErrors.sizeUnknown(size, head.value.size));
    if (position !== undefined) {
      const inclusion = await this.inclusion(position, context.organizationId, size);
      return inclusion.ok ? reply({ head: head.value, inclusion: inclusion.value }) : refuse(inclusion.error);
    }
    const range = { from: from ?? 0, to: size };
    if (range.from > size) return refuse(headErrors.sizeUnknown(range.from, size));
    const proof = await this.tree.consistency(context.organizationId, range.from, range.to);
    return proof.ok ? reply({ head: head.value, consistency: { ...range, proof: proof.value } }) : refuse(proof.error);
  }

  @Serves(listSealedEventsRequest)
  async sealed(
    @Input() { from, size }: InputOf<typeof listSealedEventsRequest>,
    @Caller() context: ContextOf<typeof listSealedEventsRequest>,
  ): Promise<ReplyTo<typeof listSealedEventsRequest>> {
    const isExporter = await this.readers.checkExport(context);
    if (!isExporter.ok) return refuse(isExporter.error);
    const head = await this.newest(context.organizationId);
    if (!head.ok) return refuse(head.error);
    const within = size ?? head.value.size;
    if (within > head.value.size) return refuse(headErrors.sizeUnknown(within, head.value.size));
    const page = await this.events.page(context.organizationId, from, { ...head.value, size: within });
    return page.ok ? reply({ head: head.value, ...page.value }) : refuse(page.error);
  }

  @Serves(verifyAuditRequest)
  async verify(
    @Input() _input: InputOf<typeof verifyAuditRequest>,
    @Caller() context: ContextOf<typeof verifyAuditRequest>,
  ): Promise<ReplyTo<typeof verifyAuditRequest>> {
    const { organizationId } = context;
    const isReader = await this.readers.checkWholeLog(context);
    if (!isReader.ok) return refuse(isReader.error);
    const verified = await this.verification.verify(organizationId);
    if (!verified.ok) return refuse(verified.error);
    const head = await this.document(organizationId);
    return head.ok ? reply({ ...verified.value, head: head.value ? viewOf(head.value) : null }) : refuse(head.error);
  }

  private async inclusion(text: string, organizationId: string, size: number) {
    const at = this.events.positionOf(text);
    const event = at && (await this.events.at(organizationId, at));
    if (at === undefined || event === undefined) return err(headErrors.noEvent(text));
    const index = await this.tree.indexOf(organizationId, at);
    if (!index.ok) return index;
    if (index.value === undefined || index.value >= size) return err(headErrors.notInHead(text));
    const proof = await this.tree.inclusion(organizationId, index.value, size);
    return proof.ok ? ok({ event: sealedView(event), index: index.value, proof: proof.value }) : proof;
  }

  /** Returns the newest head for a caller who may read the actions of everybody. */
  private async wholeLog(context: OrganizationContext): Promise<Result<AuditHead, DomainError>> {
    const isReader = await this.readers.checkWholeLog(context);
    return isReader.ok ? this.newest(context.organizationId) : isReader;
  }

  private async newest(organizationId: string): Promise<Result<AuditHead, DomainError>> {
    const found = await this.document(organizationId);
    if (!found.ok) return found;
    return found.value ? ok(viewOf(found.value)) : err(headErrors.noHead());
  }

  private async document(organizationId: string): Promise<Result<NewestHeads | undefined, DomainError>> {
    const found = await this.readModels.get(headsProjection, organizationId);
    return found.ok ? ok(found.value?.document) : found;
  }
}

const viewOf = ({ organizationId, size, root, position, signedAt, note }: NewestHeads): AuditHead => ({
  organizationId,
  size,
  root,
  position,
  signedAt,
  note,
});
