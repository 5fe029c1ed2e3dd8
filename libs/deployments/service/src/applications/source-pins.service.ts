import { BUS, type Bus, type OrganizationContext } from '#bus';
import { pinSourceRequest, type ApplicationSpec, type PinnedSource, type RolloutTask } from '#deployments/contract';
import { canonicalJson, err, ok, type DomainError, type Result } from '#kernel';
import type { GitSource, HelmSource, SourcePin } from '#sources';
import { Inject, Injectable } from '@nestjs/common';
import { HostCredentials } from '../credentials/host-credentials.service.ts';
import { EgressEntries } from '../egress/egress-entries.service.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { exactSource, isSamePin, pinnedSource, remoteSourceOf } from '../resolve/remote-source.ts';

/** Pins the source of one manifest. The source is looked up once, however often the deployment is planned. */
export type Pin = (before: PinnedSource | undefined) => Promise<Result<PinnedSource | undefined, DomainError>>;

type Place = Pick<OrganizationContext, 'correlationId' | 'organizationId'>;

/** Finds out, through the worker, what sources outside of the platform are at present. */
@Injectable()
export class SourcePins {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(EgressEntries) private readonly egress: EgressEntries,
    @Inject(HostCredentials) private readonly credentials: HostCredentials,
  ) {}

  /** @param pointer of the spec in the request */
  of(spec: ApplicationSpec, pointer: string, context: Place): Pin {
    const from = remoteSourceOf(spec);
    let pinned: Promise<Result<PinnedSource | undefined, DomainError>> | undefined;
    const look = async (): Promise<Result<PinnedSource | undefined, DomainError>> => {
      if (!from) return ok(undefined);
      const pin = await this.pin(from, context);
      if (!pin.ok) return err(deploymentsErrors.sourceRefused(pin.error, `${pointer}${pointerOf(spec)}`));
      return ok(pinnedSource(spec, from, pin.value));
    };
    return () => (pinned ??= look());
  }

  /**
   * Pins without contacting the source, for callers who may not deploy: only a source that the application already has,
   * to what it was then.
   */
  asBefore(spec: ApplicationSpec): Pin {
    const from = remoteSourceOf(spec);
    return (before) => {
      if (!from) return Promise.resolve(ok(undefined));
      const isSame = before !== undefined && canonicalJson(before.from) === canonicalJson(from);
      return Promise.resolve(
        isSame ? ok(pinnedSource(spec, from, before.pin)) : err(deploymentsErrors.sourceNeedsDeploy()),
      );
    };
  }

  /** Returns a source as it is at present, for an application that follows it. */
  present({ from }: PinnedSource, context: Place): Promise<Result<SourcePin, DomainError>> {
    return this.pin(from, context);
  }

  /** Returns whether a source still has what it was pinned to. */
  async exists(source: PinnedSource, context: Place): Promise<Result<boolean, DomainError>> {
    const pin = await this.pin(exactSource(source), context);
    if (!pin.ok) return pin.error.kind === 'unavailable' ? pin : ok(false);
    return ok(isSamePin(source.pin, pin.value));
  }

  /** Returns what a worker needs to contact sources of the organization. */
  async access(organizationId: string): Promise<Result<NonNullable<RolloutTask['sourceAccess']>, DomainError>> {
    const credentials = await this.credentials.records(organizationId);
    if (!credentials.ok) return credentials;
    const egress = await this.egress.current();
    if (!egress.ok) return egress;
    return ok({ credentials: credentials.value, ...(egress.value && { egress: egress.value }) });
  }

  private async pin(
    source: GitSource | HelmSource,
    { correlationId, organizationId }: Place,
  ): Promise<Result<SourcePin, DomainError>> {
    const access = await this.access(organizationId);
    if (!access.ok) return access;
    const own = this.bus.own({ correlationId, organizationId, timeoutMs: pinSourceRequest.timeoutMs });
    const answer = await this.bus.request(
      pinSourceRequest,
      { organizationId, source: sent(source), ...access.value },
      own,
    );
    return answer.ok ? ok(answer.value.pin) : err(answer.error);
  }
}

/**
 * Returns the vault record with what a source outside of the platform renders to. All revisions with the same
 * source, pin, and namespace have the same record: the first attempt writes it, and all later ones read it.
 */
export const renderingRecord = (organizationId: string, applicationId: string, rendering: string): string =>
  `rendered/${organizationId}/${applicationId}/source-${rendering}`;

/** Returns a source as the request contains it, with lists that may be changed. */
function sent(source: GitSource | HelmSource) {
  const { values, ...rest } = source;
  const copy =
    values === undefined
      ? {}
      : {
          values:
            values.type === 'files'
              ? { type: values.type, files: [...values.files] }
              : { type: values.type, object: { ...values.object } },
        };
  return { ...rest, ...copy };
}

const pointerOf = ({ source }: ApplicationSpec): string => `/source/${source.type}/repo`;
