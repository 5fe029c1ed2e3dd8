import { createCommandRunner, type CommandRunner, type Reactor } from '#event-sourcing';
import { silentLogger, type Decider, type DomainError, type Fact, type Result } from '#kernel';
import type { Embedded } from '#testing/embedded';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import type { NamedKind } from '../catalog/catalog.events.ts';
import { ClusterChanges, type NewCluster } from '../clusters/cluster-changes.service.ts';
import type { NewProfile } from '../profiles/profile-changes.service.ts';
import { aProfile, aRegistration } from './facts.ts';

/** The value of an answer that must be one. */
export async function done<T>(answer: Promise<Result<T, DomainError>>): Promise<T> {
  const settled = await answer;
  if (settled.ok) return settled.value;
  throw new Error(settled.error.code);
}

/** What tests of interrupted commands ask of one log, for one organization a round. */
export class InterruptedLog {
  /** Id of the present round's organization. */
  org = '';

  constructor(private readonly open: () => Embedded) {}

  get embedded(): Embedded {
    return this.open();
  }

  get commands(): CommandRunner {
    return this.embedded.commands;
  }

  context(key: string) {
    return this.embedded.request({ kind: 'login', userId: 'ada' }, { organizationId: this.org, key });
  }

  async stateOf<S, C, E extends Fact>(decider: Decider<S, C, E, DomainError>, stream: string): Promise<S> {
    return (await done(this.commands.load(decider, stream))).state;
  }

  /** Names that the organization has. */
  async held(kind: NamedKind): Promise<string[]> {
    const { entries } = await this.stateOf(catalogDecider, catalogStream(this.org));
    return [...entries[kind].keys()];
  }

  cluster(): NewCluster {
    const intent = { ...aRegistration, uid: `${this.org} uid` };
    return { kind: 'cluster', name: 'dev', id: `${this.org}-c`, counted: true, refers: null, intent };
  }

  /** An organization with a cluster, for a profile; and with the profile, for an application. */
  async organization(name: string, round: number): Promise<{ cluster: NewCluster; profile: NewProfile }> {
    this.org = `${name}-${round}`;
    const cluster = this.cluster();
    await done(new ClusterChanges(this.commands).register(this.org, cluster, this.context('cluster')));
    const intent = { ...aProfile, clusterId: cluster.id };
    const named = { kind: 'profile', name: 'staging', id: `${this.org}-p` } as const;
    return { cluster, profile: { ...named, counted: true, refers: cluster.id, intent } };
  }

  /** Commands of a process that dies before its first append to a stream of this category. */
  dyingAt(category: string): CommandRunner {
    const { eventStore, clock, ids } = this.embedded;
    const append: typeof eventStore.append = (...args) =>
      args[0].startsWith(`${category}-`) ? Promise.reject(new Error('died')) : eventStore.append(...args);
    return createCommandRunner({ eventStore: { ...eventStore, append }, clock, ids, log: silentLogger });
  }

  /** What the reactor makes of the whole log. */
  async resumedBy(reactor: Reactor): Promise<void> {
    const types: readonly string[] = reactor.types;
    for await (const stored of this.embedded.eventStore.readAll())
      if (types.includes(stored.type)) await reactor.react({ event: stored, metadata: stored });
  }
}
