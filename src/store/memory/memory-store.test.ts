import { describeStoreContract } from "../store.contract.ts";
import { createMemoryStore } from "./memory-store.ts";

describeStoreContract({ name: "the memory store", open: () => Promise.resolve(createMemoryStore()) });
