import type { OutturnError } from '#kit';

/** A request as it would go out without credentials. */
export interface UnsignedRequest {
  method: 'GET' | 'POST';
  address: URL;
  headers: Readonly<Record<string, string>>;
  body: string | null;
}
/** What credentials add to a request. */
export interface Credentials {
  headers: Record<string, string>;
  query: Record<string, string>;
  /** The query string in place of the request's own, where it is signed in one spelling alone. */
  search?: string | undefined;
  /** Names the token in use, so that one that is refused is thrown away once. */
  generation: number;
}
/** The status and body of an answer that came with credentials. */
export interface AuthAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface Authenticator {
  credentials(request: UnsignedRequest, signal: AbortSignal): Promise<Credentials>;
  /** Whether an answer says, other than by 401, that token or session are over. */
  isRefusal?(answer: AuthAnswer): boolean;
  /** The source accepted the token of that generation. */
  accepted?(generation: number): void;
  /** The source refused it: true when other credentials can be had and one more try makes sense. */
  refused(generation: number): boolean;
  /** A refusal in the words of this way to log in; null: it says nothing about credentials. */
  explain?(answer: AuthAnswer, label: string): OutturnError | null;
}
