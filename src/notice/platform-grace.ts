/** How long a platform waits between SIGTERM and SIGKILL. */
export interface PlatformGrace {
  readonly platform: string;
  readonly graceMs: number;
}

/** The shortest of the common defaults: `docker stop`. */
const SHORTEST: PlatformGrace = { platform: "unknown (as docker stop)", graceMs: 10_000 };

/**
 * What the platform around this process grants by default, told by the variables that it sets. A platform that was
 * configured otherwise needs a grace that is said (`--signal-grace`).
 * Sources: Kubernetes terminationGracePeriodSeconds 30; ECS stopTimeout 30; Slurm KillWait 30; docker stop 10.
 */
export function platformGrace(environment: Readonly<Record<string, string | undefined>>): PlatformGrace {
  if (environment["KUBERNETES_SERVICE_HOST"] !== undefined)
    return { platform: "Kubernetes", graceMs: 30_000 };
  if (environment["ECS_CONTAINER_METADATA_URI_V4"] !== undefined) return { platform: "ECS", graceMs: 30_000 };
  if (environment["SLURM_JOB_ID"] !== undefined) return { platform: "Slurm", graceMs: 30_000 };
  return SHORTEST;
}
