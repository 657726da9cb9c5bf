/**
 * How long the lab waits for something that comes within seconds on an idle machine. Each is the
 * time after which it hangs: on a machine that is busy all takes several times as long.
 */
export const PATIENCE_SECONDS = 180;

/** The same for the boot of a machine, with the packages that it installs. */
export const BOOT_SECONDS = 900;
