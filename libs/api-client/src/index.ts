export {
  ApiStreamError,
  createApiClient,
  type ApiClient,
  type ApiClientOptions,
  type ApiFetch,
  type ApiReply,
  type ApiCallOptions,
} from './api-client.ts';
