import { work } from "./foreman-work.ts";
import { storedAtUrl } from "./stored-at-url.ts";

// A foreman of chains whose stores are of any kind.

void work(storedAtUrl);
