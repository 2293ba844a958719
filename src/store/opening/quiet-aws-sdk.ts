const AWS_WARNING = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED";

/**
 * The AWS SDK writes on standard error which Node it will want one day, when its first client is made: nothing that the
 * user of a bundled SDK could act on. It is told to be silent by the environment alone, which the job must not inherit.
 */
export async function quietly<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.env[AWS_WARNING] !== undefined) return work();
  process.env[AWS_WARNING] = "true";
  try {
    return await work();
  } finally {
    delete process.env[AWS_WARNING];
  }
}
