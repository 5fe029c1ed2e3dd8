import { keyInUrlRequest, keysUsedRequest } from '#access-keys/contract';
import { recordOperationRequest, recordRefusalsRequest } from '#audit/contract';
import { exchangeRequestCountsRequest, plansOfRequest } from '#billing/contract';
import {
  issuerKeysRequest,
  issuerTokenRequest,
  keepClientAddressRequest,
  logOutRequest,
  peopleRequest,
  resolveUserRequest,
  startSessionRequest,
  useSessionRequest,
} from '#identity/contract';
import { ensureDefaultOrganizationRequest } from '#organizations/contract';
import { EDGE } from '#bus/contract';
import { PROJECTION_REQUESTS, STATE_REQUESTS } from '#runtime/contract';
import { SERVICE_SETTINGS, type EdgeService, type ServiceSettings } from '#runtime';
import { Gateway, GatewayModule } from './gateway.module.ts';
import { ROUTED_CONTRACTS } from './routed-contracts.ts';

/** The HTTP API of the platform, as a process composes it, with or without contexts. */
export const gateway: EdgeService = {
  name: EDGE,
  module: GatewayModule,
  engines: ['eventStore', 'vault'],
  calls: [
    keyInUrlRequest,
    keysUsedRequest,
    recordOperationRequest,
    recordRefusalsRequest,
    plansOfRequest,
    exchangeRequestCountsRequest,
    issuerKeysRequest,
    issuerTokenRequest,
    keepClientAddressRequest,
    logOutRequest,
    peopleRequest,
    resolveUserRequest,
    startSessionRequest,
    useSessionRequest,
    ensureDefaultOrganizationRequest,
    ...STATE_REQUESTS,
    ...PROJECTION_REQUESTS,
  ],
  contracts: ROUTED_CONTRACTS,
  mount: (app) => app.get(Gateway).mount(app),
  ready: (app) => Promise.resolve(app.get(Gateway).start()),
  dependencies: (app) => app.get(Gateway).dependencies(),
  checks: (app) => app.get(Gateway).checks(),
  greeting(app) {
    const { publicUrl } = app.get<ServiceSettings>(SERVICE_SETTINGS);
    return [
      '  Next, in another terminal:',
      ...(publicUrl === 'http://127.0.0.1:8080' ? [] : [`    export ASTROPULSE_API_URL=${publicUrl}`]),
      '    npx astroctl auth login',
      '    npx astroctl app apply -f examples/hello-world.yaml --wait',
      '    npx astroctl app status hello-world',
    ];
  },
};

export { ROUTED_CONTRACTS } from './routed-contracts.ts';
