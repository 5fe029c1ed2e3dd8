export { createTestAuthority, type TestCertificate } from './test-authority.ts';
export { packChart, packMembers, type Member } from './pack-chart.ts';
export { startFileServer, type FileServer, type ReceivedRequest } from './file-server.ts';
export { startRegistry, type Registry, type RegistryOptions } from './registry.ts';
