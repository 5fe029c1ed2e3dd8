export { ApiStreamError, createApiClient, type ApiClient, type ApiClientOptions, type ApiReply } from './api-client.ts';
