export { ApiStreamError, createApiClient, type ApiClient } from './api-client.ts';
