export {
  ApiStreamError,
  createApiClient,
  type ApiClient,
  type ApiClientOptions,
  type ApiFetch,
  type ApiReply,
  type CallOptions,
} from './api-client.ts';
