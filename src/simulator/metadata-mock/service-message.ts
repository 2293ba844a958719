/** One request to a metadata service. */
export interface ServiceRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of a POST; otherwise empty. */
  readonly body: string;
}

/** What a service says for a time. Announcing the same words again makes another object: each is heard for itself. */
export interface Announcement {
  /** The item that says it, in the service's own notation. */
  readonly item: string;
  readonly words: string;
}

/** What the service answers. */
export interface ServiceReply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The announcements that whoever reads this reply has heard. */
  readonly carries?: readonly Announcement[] | undefined;
  /** The reply dies on its way: the caller waits for ever. */
  readonly isLost?: boolean | undefined;
}

/** How a service answers: at once, or later when the caller asked to wait. */
export type ServiceAnswer = ServiceReply | Promise<ServiceReply>;

/** Status 200 with these words. */
export function ok(body: string, more: Omit<Partial<ServiceReply>, "status" | "body"> = {}): ServiceReply {
  return { status: 200, body, ...more };
}
