import { manifestSchema } from '#deployments/contract';
import { MANIFEST_SCHEMA_FILES } from './manifest-schemas.service.ts';

describe('use-E3: JSON Schemas of manifests', () => {
  it('are served under their kind, in lower case and as manifests write it', async () => {
    expect(MANIFEST_SCHEMA_FILES.map(({ path }) => path)).toEqual([
      '/v1/schemas/application.json',
      '/v1/schemas/Application.json',
      '/v1/schemas/applicationprofile.json',
      '/v1/schemas/ApplicationProfile.json',
      '/v1/schemas/k8sclusterregistration.json',
      '/v1/schemas/K8sClusterRegistration.json',
    ]);
    const bytes = await MANIFEST_SCHEMA_FILES[0]?.read();
    expect(JSON.parse(Buffer.from(bytes ?? []).toString())).toEqual(manifestSchema('Application'));
  });
});
