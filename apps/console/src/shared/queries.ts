import type { ApiCallOptions } from '#api-client';
import type { CallerInputOf, Contract, OutputOf, ReplyMeta, RequestContract, StreamContract } from '#bus/contract';
import {
  keepPreviousData,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { browserIds } from './browser.ts';
import { ProblemError, receive, send } from './platform.ts';

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000, // changes arrive over the live connection
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        failures < 2 && (!(error instanceof ProblemError) || error.problem.kind === 'unavailable'),
    },
  },
});

/** Key of a query: the organization (or ''), the contract's subject, and the input. */
export const keyOf = (contract: Contract, input: object): readonly unknown[] => [
  'org' in input && typeof input.org === 'string' ? input.org : '',
  contract.subject,
  input,
];

interface ReadOptions {
  /** `false`: nothing is requested. */
  readonly enabled?: boolean;
  /** Whether what a former input returned is shown until the new response arrives. */
  readonly keepPrevious?: boolean;
  /** Milliseconds until it is requested again, for what no event announces. */
  readonly refreshMs?: number;
}

/** Reads with a contract of one response. */
export function useContract<C extends RequestContract>(
  contract: C,
  input: CallerInputOf<C>,
  { enabled = true, keepPrevious = false, refreshMs }: ReadOptions = {},
): UseQueryResult<OutputOf<C>, ProblemError> {
  return useQuery<OutputOf<C>, ProblemError>({
    queryKey: keyOf(contract, input as object),
    queryFn: async ({ signal }) => (await send(contract, input, { signal })).value,
    enabled,
    ...(keepPrevious && { placeholderData: keepPreviousData }),
    ...(refreshMs !== undefined && { refetchInterval: refreshMs }),
  });
}

/** Reads all items of a stream that ends. */
export function useItems<C extends StreamContract>(
  contract: C,
  input: CallerInputOf<C>,
): UseQueryResult<readonly OutputOf<C>[], ProblemError> {
  return useQuery<readonly OutputOf<C>[], ProblemError>({
    queryKey: keyOf(contract, input as object),
    queryFn: async ({ signal }) => {
      const items: OutputOf<C>[] = [];
      for await (const item of receive(contract, input, signal)) items.push(item);
      return items;
    },
    placeholderData: keepPreviousData,
  });
}

/** Like `useContract`, with the revision of what was read, for `ifMatch`. */
export function useRevised<C extends RequestContract>(
  contract: C,
  input: CallerInputOf<C>,
): UseQueryResult<{ readonly value: OutputOf<C>; readonly revision: number | undefined }, ProblemError> {
  return useQuery<{ readonly value: OutputOf<C>; readonly revision: number | undefined }, ProblemError>({
    queryKey: [...keyOf(contract, input as object), 'revised'],
    queryFn: async ({ signal }) => {
      const { value, meta } = await send(contract, input, { signal });
      return { value, revision: meta.revision };
    },
  });
}

/** A list, page by page. */
export interface PagedResult<Item> {
  readonly items: readonly Item[];
  readonly isPending: boolean;
  readonly error: ProblemError | null;
  /** Absent: there are no more pages. */
  readonly loadMore?: () => void;
  readonly isLoadingMore: boolean;
  readonly retry: () => void;
}

/** A page of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next page; absent for the last one. */
  readonly next?: string;
}

/** Reads a list page by page. All pages that were loaded are one array. */
export function usePagesBy<Item>(
  queryKey: readonly unknown[],
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<ListPage<Item>>,
  { enabled = true, keepPrevious = true }: ReadOptions = {},
): PagedResult<Item> {
  type Page = ListPage<Item>;
  const query = useInfiniteQuery<Page, ProblemError, { readonly pages: readonly Page[] }, readonly unknown[], string>({
    queryKey,
    queryFn: ({ signal, pageParam }) => read(pageParam === '' ? undefined : pageParam, signal),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    enabled,
    ...(keepPrevious && { placeholderData: keepPreviousData }),
  });
  const pages = query.data?.pages;
  const items = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages]);
  return {
    items,
    isPending: query.isPending,
    error: query.error,
    ...(query.hasNextPage && { loadMore: () => void query.fetchNextPage() }),
    isLoadingMore: query.isFetchingNextPage,
    retry: () => void query.refetch(),
  };
}

/** Reads a list with a contract whose output has `items` and `next`. */
export function usePages<C extends RequestContract>(
  contract: C,
  input: Omit<CallerInputOf<C>, 'cursor'>,
  options: ReadOptions = {},
): PagedResult<OutputOf<C> extends { readonly items: readonly (infer Item)[] } ? Item : never> {
  type Item = OutputOf<C> extends { readonly items: readonly (infer I)[] } ? I : never;
  return usePagesBy<Item>(
    [...keyOf(contract, input), 'pages'],
    async (cursor, signal) => {
      const page = { ...input, ...(cursor !== undefined && { cursor }) } as CallerInputOf<C>;
      return (await send(contract, page, { signal })).value as ListPage<Item>;
    },
    options,
  );
}

/** Like `usePages`, and loads all pages by itself, for lists that are filtered and sorted in the browser. */
export function useAllPages<C extends RequestContract>(
  contract: C,
  input: Omit<CallerInputOf<C>, 'cursor'>,
): ReturnType<typeof usePages<C>> {
  const list = usePages(contract, input);
  const { loadMore, isLoadingMore, error } = list;
  useEffect(() => {
    if (!isLoadingMore && !error) loadMore?.();
  });
  return list;
}

/** The part of a command's state that says whether it was sent. */
interface Sending {
  readonly isIdle: boolean;
  readonly isError: boolean;
}

/** Returns whether a command can still be sent: it was not yet, or it failed. */
const isOpen = ({ isIdle, isError }: Sending): boolean => isIdle || isError;

/**
 * Shows what a command would do, without any change. For contracts with `dryRun`.
 *
 * @param command once it is sent, its dry run is not repeated: that would show what the same command would do a second
 *   time
 */
export function useDryRun<C extends RequestContract>(
  contract: C,
  input: CallerInputOf<C>,
  command: Sending,
  isEnabled = true,
): UseQueryResult<OutputOf<C>, ProblemError> {
  return useQuery<OutputOf<C>, ProblemError>({
    queryKey: [...keyOf(contract, input as object), 'dry-run'],
    queryFn: async ({ signal }) => (await send(contract, input, { signal, dryRun: true })).value,
    enabled: isEnabled && isOpen(command),
    staleTime: 0,
    gcTime: 0,
  });
}

export interface CommandReply<C extends RequestContract> {
  readonly value: OutputOf<C>;
  readonly meta: ReplyMeta;
}

/**
 * Sends a command. Attempts share an idempotency key until the platform has decided, so that a second click after a lost
 * connection changes nothing twice. Afterwards everything that is shown is read again, including this change.
 */
export function useCommand<C extends RequestContract>(
  contract: C,
  { onDone }: { readonly onDone?: (reply: CommandReply<C>) => void } = {},
): UseMutationResult<CommandReply<C>, ProblemError, CallerInputOf<C>> & {
  /** Like `mutate`, with options such as `ifMatch`. */
  readonly run: (input: CallerInputOf<C>, options?: Pick<ApiCallOptions, 'ifMatch'>) => Promise<CommandReply<C> | null>;
} {
  const attempt = useRef<{ readonly input: string; readonly key: string }>(undefined);
  const options = useRef<Pick<ApiCallOptions, 'ifMatch'>>({});
  const mutation = useMutation<CommandReply<C>, ProblemError, CallerInputOf<C>>({
    mutationFn: async (input) => {
      const text = JSON.stringify(input);
      if (attempt.current?.input !== text) attempt.current = { input: text, key: browserIds.uuid() };
      return send(contract, input, { idempotencyKey: attempt.current.key, ...options.current });
    },
    onSettled: (reply, error) => {
      if (reply || (error && error.problem.kind !== 'unavailable')) attempt.current = undefined;
    },
    onSuccess: (reply) => {
      void queries.invalidateQueries();
      onDone?.(reply);
    },
  });
  return {
    ...mutation,
    run: async (input, given = {}) => {
      options.current = given;
      try {
        return await mutation.mutateAsync(input);
      } catch {
        return null; // shown by `error`
      } finally {
        options.current = {};
      }
    },
  };
}
