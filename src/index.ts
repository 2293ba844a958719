export { ERRORS, type ErrorCode, SpotproofError, VERSION } from "./base/index.ts";
