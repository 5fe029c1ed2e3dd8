export { createTestAuthority } from './test-authority.ts';
export { packChart, packMembers } from './pack-chart.ts';
export { startFileServer, type FileServer } from './file-server.ts';
export { startRegistry, type RegistryOptions } from './registry.ts';
