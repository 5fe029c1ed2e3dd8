import type { ApplicationSpec, ProfileSpec, RegistrationSpec } from '#deployments/contract';
import { CLOCK, err, LOGGER, ok, type Clock, type DomainError, type Logger, type Result } from '#kernel';
import type { ObjectKey } from '#kubernetes';
import { ThreadPool, threadProgram, type JobRefusal } from '#thread-pool';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import {
  manifestJobs,
  type Applied,
  type Compared,
  type Differences,
  type ReadManifest,
  type Shown,
} from './manifest-jobs.service.ts';

/** Validates manifests as they were sent; large ones in worker threads. */
@Injectable()
export class ManifestReader implements OnApplicationShutdown {
  private readonly threads: ThreadPool<typeof manifestJobs>;

  constructor(@Inject(CLOCK) clock: Clock, @Inject(LOGGER) log: Logger) {
    this.threads = new ThreadPool({
      jobs: manifestJobs,
      program: threadProgram('manifests', import.meta.url),
      clock,
      log,
    });
  }

  /** @param name from the path of the request; rejected if the manifest has another one */
  async application(name: string, manifest: unknown): Promise<Result<ReadManifest<ApplicationSpec>, DomainError>> {
    const json = jsonOf(manifest);
    const done = await this.threads.run('application', json, json.length);
    if (!done.ok) return err(refusalOf(done.error));
    if (!done.value.ok) return err(deploymentsErrors.manifestInvalid(`application/${name}`, done.value.error));
    const { spec } = done.value.value;
    return spec.name === name ? done.value : err(deploymentsErrors.nameMismatch(name, spec.name));
  }

  /** @param name see {@link application} */
  async profile(name: string, manifest: unknown): Promise<Result<ReadManifest<ProfileSpec>, DomainError>> {
    const json = jsonOf(manifest);
    const done = await this.threads.run('profile', json, json.length);
    if (!done.ok) return err(refusalOf(done.error));
    if (!done.value.ok) return err(deploymentsErrors.manifestInvalid(`profile/${name}`, done.value.error));
    const { spec } = done.value.value;
    return spec.profileName === name ? done.value : err(deploymentsErrors.nameMismatch(name, spec.profileName));
  }

  /** @param name see {@link application} */
  async registration(name: string, manifest: unknown): Promise<Result<RegistrationSpec, DomainError>> {
    const json = jsonOf(manifest);
    const done = await this.threads.run('registration', json, json.length);
    if (!done.ok) return err(refusalOf(done.error));
    if (!done.value.ok) return err(deploymentsErrors.manifestInvalid(`cluster/${name}`, done.value.error));
    const { spec } = done.value.value;
    return spec.clusterName === name ? ok(spec) : err(deploymentsErrors.nameMismatch(name, spec.clusterName));
  }

  /** Returns the differences between two revisions; see `differencesOf` and `renderedDifferencesOf`. */
  async differences(compared: Compared): Promise<Result<Differences, DomainError>> {
    const json = JSON.stringify(compared);
    const done = await this.threads.run('differences', json, json.length);
    return done.ok ? done : err(refusalOf(done.error));
  }

  /** Returns the hosts of inline manifests. */
  async hosts(manifests: string): Promise<Result<readonly string[], DomainError>> {
    const done = await this.threads.run('hosts', manifests, manifests.length);
    return done.ok ? done : err(refusalOf(done.error));
  }

  /** Returns the objects of inline manifests. */
  async objects(manifests: string): Promise<Result<readonly ObjectKey[], DomainError>> {
    const done = await this.threads.run('objects', manifests, manifests.length);
    return done.ok ? done : err(refusalOf(done.error));
  }

  /** Returns the objects of a record that a worker has written. */
  async renderedObjects(rendered: string): Promise<Result<readonly ObjectKey[], DomainError>> {
    const done = await this.threads.run('renderedObjects', rendered, rendered.length);
    return done.ok ? done : err(refusalOf(done.error));
  }

  /** Returns the manifest with fingerprints instead of possible secrets; see `withHiddenValues`. */
  async hidden(shown: Shown): Promise<Result<{ readonly spec: unknown; readonly hidden: number }, DomainError>> {
    const json = JSON.stringify(shown);
    const done = await this.threads.run('hidden', json, json.length);
    return done.ok ? done : err(refusalOf(done.error));
  }

  /** Returns objects that were applied; see `appliedObjects`. */
  async applied(applied: Applied): Promise<Result<{ objects: unknown[]; next?: number }, DomainError>> {
    const json = JSON.stringify(applied);
    const done = await this.threads.run('applied', json, json.length);
    return done.ok ? done : err(refusalOf(done.error));
  }

  /** After the last request was answered, which may need it. */
  onApplicationShutdown(): Promise<void> {
    return this.threads.close();
  }
}

const jsonOf = (manifest: unknown): string => JSON.stringify(manifest) ?? 'null';

const refusalOf = (refusal: JobRefusal): DomainError =>
  refusal === 'busy' ? deploymentsErrors.busy() : deploymentsErrors.manifestTooLarge();
