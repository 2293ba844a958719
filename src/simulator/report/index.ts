export * from "./html/html-report.ts";
export * from "./json-report.ts";
export * from "./live/live-screen.ts";
export * from "./terminal/terminal-report.ts";
