import { PERMISSIONS, PUBLIC, SERVICES_ONLY } from '#access';
import type { Contract } from '#bus/contract';
import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { CONTRACT, REQUEST_GUARD } from './serves.ts';
import type { RequestGuard } from './request-guard.ts';

const PATTERN = 'microservices:pattern';
const ARGUMENTS = '__routeArguments__';
const SELF_TYPES = 'self:paramtypes';
const SUBJECT = /^[a-z][a-z0-9-]*\.v[1-9][0-9]*(\.[a-z0-9-]+)+$/;

type Constructor = abstract new (...args: never[]) => object;

/**
 * Checks everything that an application serves, because Nest does not: a handler without a contract, a contract without
 * a permission (PUBLIC must be explicit), a subject that is served twice, a handler parameter without decorator, a
 * constructor parameter without `@Inject`, and a request that needs a directory in a process without one. Call it after
 * NestFactory.create and before init.
 *
 * @returns the served contracts by subject
 * @throws Error with all faults
 */
export function checkServedContracts(app: INestApplicationContext): Contract[] {
  const faults: string[] = [];
  const served = new Map<string, { readonly contract: Contract; readonly by: string }>();
  const seen = new Set<Constructor>();
  for (const module of app.get(ModulesContainer, { strict: false }).values()) {
    for (const wrapper of [
      ...module.controllers.values(),
      ...module.providers.values(),
      ...module.injectables.values(),
    ]) {
      const type = wrapper.metatype as Constructor | null;
      if (
        typeof type !== 'function' ||
        !type.prototype ||
        wrapper.isNotMetatype ||
        wrapper.inject ||
        seen.has(type) ||
        isNests(type)
      )
        continue;
      seen.add(type);
      faults.push(...injectionFaults(type));
      for (const { name, method } of methodsOf(type)) {
        const contract = Reflect.getMetadata(CONTRACT, method) as Contract | undefined;
        if (Reflect.getMetadata(PATTERN, method) === undefined) continue;
        const by = `${type.name}.${name}`;
        if (!contract) {
          faults.push(`${by} serves messages without a contract: use @Serves`);
          continue;
        }
        faults.push(...contractFaults(contract, by), ...parameterFaults(type, name, method));
        const other = served.get(contract.subject);
        if (other) faults.push(`${contract.subject} is served twice: by ${other.by} and ${by}`);
        served.set(contract.subject, { contract, by });
      }
    }
  }
  if (served.size > 0)
    faults.push(
      ...guardFaults(
        app,
        [...served.values()].map(({ contract }) => contract),
      ),
    );
  if (faults.length > 0) throw new Error(`This process cannot serve:\n- ${faults.join('\n- ')}`);
  return [...served.values()].map(({ contract }) => contract).sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

function contractFaults(contract: Contract, by: string): string[] {
  const faults: string[] = [];
  const { permission, orPermission, subject, callers } = contract;
  if (!SUBJECT.test(subject)) faults.push(`${by}: ${subject} is not a subject <context>.v<n>.<words>`);
  const rule = Object.hasOwn(PERMISSIONS, permission) ? PERMISSIONS[permission as keyof typeof PERMISSIONS] : undefined;
  if (permission !== PUBLIC && permission !== SERVICES_ONLY && !rule)
    faults.push(`${by}: ${subject} has no permission; PUBLIC must be spelled out`);
  if (rule?.scope === 'organization' && !contract.organizationOf)
    faults.push(`${by}: ${subject} needs organizationOf for the permission ${permission}`);
  // A handler's context has an organization if the contract does, but only a permission in it makes the guard look it
  // up.
  if (contract.organizationOf && permission !== SERVICES_ONLY && rule?.scope !== 'organization')
    faults.push(`${by}: ${subject} has organizationOf, and ${String(permission)} is not a right in an organization`);
  if (orPermission !== undefined && (rule === undefined || PERMISSIONS[orPermission].scope !== rule.scope))
    faults.push(`${by}: ${subject} has the permission ${orPermission}, which is not of the scope of ${permission}`);
  if (permission === SERVICES_ONLY && !callers?.length)
    faults.push(`${by}: ${subject} is for services only and lists none`);
  if (permission === SERVICES_ONLY && contract.route)
    faults.push(`${by}: ${subject} is for services only and has a route`);
  return faults;
}

function guardFaults(app: INestApplicationContext, contracts: readonly Contract[]): string[] {
  let guard: RequestGuard;
  try {
    guard = app.get<RequestGuard>(REQUEST_GUARD, { strict: false });
  } catch {
    return ['no request guard is provided: import BusModule'];
  }
  if (guard.hasDirectory) return [];
  return contracts
    .filter(({ permission }) => permission !== PUBLIC && permission !== SERVICES_ONLY)
    .map(({ subject }) => `${subject} needs an access directory and this process has none`);
}

/** Returns the parameters of a served method without decorator, which would be undefined without an error. */
function parameterFaults(type: Constructor, name: string, method: { readonly length: number }): string[] {
  const decorated = Object.keys((Reflect.getMetadata(ARGUMENTS, type, name) as object | undefined) ?? {}).length;
  return method.length > decorated
    ? [`${type.name}.${name} has a parameter without @Input(), @Caller() or @Cancelled()`]
    : [];
}

function injectionFaults(type: Constructor): string[] {
  const injected = (Reflect.getMetadata(SELF_TYPES, type) as unknown[] | undefined)?.length ?? 0;
  return type.length > injected ? [`${type.name} has a constructor parameter without @Inject`] : [];
}

/** Returns whether a class is one of Nest's own, which are compiled with type metadata, unlike ours. */
const isNests = (type: Constructor): boolean =>
  Reflect.hasMetadata('design:paramtypes', type) || type.name === 'ModuleRef' || type.name === 'InternalCoreModule';

function methodsOf(type: Constructor): { readonly name: string; readonly method: (...args: never[]) => unknown }[] {
  const methods = [];
  for (
    let prototype: object | null = type.prototype as object;
    prototype && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== 'constructor' && typeof value === 'function')
        methods.push({ name, method: value as (...args: never[]) => unknown });
    }
  }
  return methods;
}
