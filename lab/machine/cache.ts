import { resolve } from "node:path";

/** Where the lab keeps what is expensive to get, and what its machines said. */
export const cacheFolder =
  process.env.BACKUP_MX_TEST_CACHE ?? resolve(__dirname, "..", "..", ".cache");
