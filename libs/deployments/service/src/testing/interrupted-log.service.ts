import { createCommandRunner, type CommandRunner, type Reactor } from '#event-sourcing';
import { silentLogger, type Decider, type DomainError, type Fact, type Result } from '#kernel';
import type { Embedded } from '#testing/embedded';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import type { NamedKind } from '../catalog/catalog.events.ts';
import { ClusterChanges, type NewCluster } from '../clusters/cluster-changes.service.ts';
import type { NewProfile } from '../profiles/profile-changes.service.ts';
import { aProfile, aRegistration } from './facts.ts';

/** Returns the value of a successful response. */
export async function done<T>(answer: Promise<Result<T, DomainError>>): Promise<T> {
  const settled = await answer;
  if (settled.ok) return settled.value;
  throw new Error(settled.error.code);
}

/** Event log for tests of interrupted commands, with one organization per round. */
export class InterruptedLog {
  /** Organization of the current round. */
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

  /** Returns the names that the organization holds. */
  async held(kind: NamedKind): Promise<string[]> {
    const { entries } = await this.stateOf(catalogDecider, catalogStream(this.org));
    return [...entries[kind].keys()];
  }

  cluster(): NewCluster {
    const intent = { ...aRegistration, uid: `${this.org} uid` };
    return { kind: 'cluster', name: 'dev', id: `${this.org}-c`, counted: true, refers: null, intent };
  }

  /** Creates an organization with a cluster. Returns the cluster for a profile, and the profile for an application. */
  async organization(name: string, round: number): Promise<{ cluster: NewCluster; profile: NewProfile }> {
    this.org = `${name}-${round}`;
    const cluster = this.cluster();
    await done(new ClusterChanges(this.commands).register(this.org, cluster, this.context('cluster')));
    const intent = { ...aProfile, clusterId: cluster.id };
    const named = { kind: 'profile', name: 'staging', id: `${this.org}-p` } as const;
    return { cluster, profile: { ...named, counted: true, refers: cluster.id, intent } };
  }

  /** Runs commands like a process that is killed before its first append to a stream of this category. */
  dyingAt(category: string): CommandRunner {
    const { eventStore, clock, ids } = this.embedded;
    const append: typeof eventStore.append = (...args) =>
      args[0].startsWith(`${category}-`) ? Promise.reject(new Error('died')) : eventStore.append(...args);
    return createCommandRunner({ eventStore: { ...eventStore, append }, clock, ids, log: silentLogger });
  }

  /** Runs the reactor over the entire log. */
  async resumedBy(reactor: Reactor): Promise<void> {
    const types: readonly string[] = reactor.types;
    for await (const stored of this.embedded.eventStore.readAll())
      if (types.includes(stored.type)) await reactor.react({ event: stored, metadata: stored });
  }
}
