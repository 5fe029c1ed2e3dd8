export {
  ApiStreamError,
  createApiClient,
  type ApiCallOptions,
  type ApiClient,
  type ApiClientOptions,
  type ApiReply,
} from './api-client.ts';
