/** What the process tells its caller; a Kubernetes Job's failure policy reads these. */
export const EXIT_OK = 0;
/** Something failed in this tick: a repo, a run or a doorbell. The next tick tries again. */
export const EXIT_FAILED = 1;
/** The command line is wrong. */
export const EXIT_USAGE = 2;
/** The configuration is wrong; trying again changes nothing (EX_CONFIG of sysexits.h). */
export const EXIT_CONFIG = 78;
/** Told to end by SIGTERM: the lease was given back, and the next tick goes on. What a shell shows for the signal. */
export const EXIT_STOPPED = 143;
