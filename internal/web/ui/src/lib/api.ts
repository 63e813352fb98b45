import { at, withToken } from "./base";

/** An ApiError is an answer that is not a good one, or none: then the status is 0. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Seconds that the server asks to wait, 0 if it does not say. */
    readonly retryAfter = 0,
    /** What else the answer has, if it is an object. */
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface RequestOptions {
  /** Parameters of the query; undefined ones are left out. */
  query?: Record<string, string | number | boolean | undefined> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** In place of body: a form, such as one with a file. */
  form?: FormData;
  signal?: AbortSignal;
  /** Milliseconds until the request is given up; 20,000 if not given. */
  timeout?: number;
}

/** url is that of a path below the App, with a query. */
export function url(path: string, query: RequestOptions["query"] = {}): string {
  const target = new URL(at(path));
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) target.searchParams.set(name, String(value));
  }
  return withToken(target).href;
}

async function message(response: Response): Promise<[string, Record<string, unknown>]> {
  const fallback = response.statusText || `HTTP ${response.status}`;
  try {
    const body = (await response.json()) as unknown;
    if (typeof body !== "object" || body === null) return [fallback, {}];
    const fields = body as Record<string, unknown>;
    const said = fields["error"] ?? fields["message"];
    return [typeof said === "string" && said ? said : fallback, fields];
  } catch {
    return [fallback, {}];
  }
}

/**
 * call asks the API and returns what it answers, or throws an ApiError.
 * Requests that change something are JSON even without a body, which the
 * server demands where a cookie says who sent them.
 */
export async function call<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const { query, body, form, signal, timeout = 20_000 } = options;
  const changes = method !== "GET";
  const giveUp = new AbortController();
  const late = setTimeout(() => giveUp.abort(new Error("timeout")), timeout);
  signal?.addEventListener("abort", () => giveUp.abort(signal.reason), { signal: giveUp.signal });
  if (signal?.aborted) giveUp.abort(signal.reason);
  let response: Response;
  try {
    response = await fetch(url(path, query), {
      method,
      cache: "no-store",
      signal: giveUp.signal,
      ...(changes && !form && { headers: { "Content-Type": "application/json" } }),
      ...(form ? { body: form } : changes && body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new ApiError(0, err instanceof Error ? err.message : String(err));
  } finally {
    clearTimeout(late);
  }
  if (!response.ok) {
    const [said, fields] = await message(response);
    throw new ApiError(response.status, said, Number(response.headers.get("Retry-After")) || 0, fields);
  }
  const text = await response.text();
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    if (response.headers.get("Content-Type")?.includes("json")) throw new ApiError(response.status, "the answer is damaged");
    return text as T;
  }
}

/** get asks for something. */
export const get = <T>(path: string, query?: RequestOptions["query"], options?: RequestOptions) => call<T>("GET", path, { ...options, query });

/** post changes something. */
export const post = <T>(path: string, body?: unknown, options?: RequestOptions) => call<T>("POST", path, { ...options, body });
