import { work } from "./foreman-work.ts";
import { storedInFolder } from "./stored.ts";

// A foreman of chains whose stores are folders.

void work(storedInFolder);
