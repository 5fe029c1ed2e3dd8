// Deploys, lists and deletes an application with types that openapi-typescript generated beside this file (`api.d.ts`):
// deploy.ts URL KEY ORGANIZATION PROFILE. Prints a line for each step.
import createClient from 'openapi-fetch';
import type { paths } from './api.d.ts';

declare const process: { readonly argv: readonly string[] };

const [, , url = '', key = '', org = '', profileName = ''] = process.argv;
const client = createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
const application = { params: { path: { org, name: 'from-typescript' } } };
const list = async () => {
  const { data } = await client.GET('/v1/organizations/{org}/applications', { params: { path: { org } } });
  return data?.items.map(({ name }) => name) ?? [];
};

for (const tag of ['1', '2']) {
  const { data, response } = await client.PUT('/v1/organizations/{org}/applications/{name}', {
    ...application,
    body: {
      apiVersion: 'platform.astropulse.io/v1',
      kind: 'Application',
      spec: {
        name: 'from-typescript',
        profileName,
        source: { type: 'image', image: { registry: 'registry.example', repository: 'web', tag, port: 8080 } },
      },
    },
  });
  console.log('applied', response.status, data?.outcome, data?.application.name);
}
console.log('listed', await list());
const missing = await client.GET('/v1/organizations/{org}/applications/{name}', {
  params: { path: { org, name: 'none-such' } },
});
console.log('missing', missing.error?.code, missing.error?.status);
const gone = await client.DELETE('/v1/organizations/{org}/applications/{name}', application);
console.log('deleted', gone.response.status, gone.data?.name);
let left = await list();
for (let tries = 0; left.length > 0 && tries < 600; tries++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  left = await list();
}
console.log('left', left);
