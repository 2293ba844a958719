import { randomBytes } from "node:crypto";
import type { Clock, MonotonicMs } from "../../base/index.ts";

/** Longest life of a token, in seconds: EC2 user guide, "Access instance metadata". */
const LONGEST_TTL_S = 21_600;
/** Tokens beyond this many push the oldest ones out. */
const MOST_TOKENS = 1000;

/** The tokens that the mock has given out. */
export interface MockTokens {
  /** Undefined when the life that was asked for is not one (400). */
  issue(ttlHeader: string | undefined): { readonly token: string; readonly ttlS: number } | undefined;
  isValid(token: string): boolean;
  /** Makes every token that was given out invalid. */
  expireAll(): void;
}

/** None given out yet. */
export function createMockTokens(clock: Clock): MockTokens {
  const ends = new Map<string, MonotonicMs>();
  return {
    issue(ttlHeader) {
      const ttlS = /^\d+$/.test(ttlHeader ?? "") ? Number(ttlHeader) : 0;
      if (ttlS < 1 || ttlS > LONGEST_TTL_S) return undefined;
      const token = `${randomBytes(40).toString("base64url")}==`;
      ends.set(token, clock.now() + ttlS * 1000);
      if (ends.size > MOST_TOKENS) {
        for (const oldest of ends.keys()) {
          ends.delete(oldest);
          break;
        }
      }
      return { token, ttlS };
    },
    isValid: (token) => clock.now() < (ends.get(token) ?? Number.NEGATIVE_INFINITY),
    expireAll: () => ends.clear(),
  };
}
