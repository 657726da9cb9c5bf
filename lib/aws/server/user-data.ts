import { gzipSync } from "node:zlib";

/** What EC2 takes as user data, in bytes before base64. */
export const EC2_USER_DATA_LIMIT = 16384;

/** No value that is known only at deploy time is longer here than the name of a bucket. */
const LONGEST_VALUE = "backup-mx-20261101120000123400000001.s3.eu-central-1.amazonaws.com";

/** How large user data is, in bytes. */
export interface UserDataSize {
  readonly plain: number;
  readonly compressed: number;
}

/** The size of user data once Terraform has put in what is known only at deploy time. */
export function userDataSize(userData: string): UserDataSize {
  const resolved = userData.replace(/\$\{TfToken\[[^\]]*\]\}/g, LONGEST_VALUE);
  return {
    plain: Buffer.byteLength(resolved),
    // Terraform packs up to 0.6 % worse than the best.
    compressed: Math.ceil(gzipSync(resolved, { level: 9 }).length * 1.01),
  };
}

/** User data, and its size in bytes once it is compressed. */
export interface UserData {
  readonly text: string;
  readonly compressed: number;
}

/** The first of several texts that EC2 takes as user data; if it takes none of them, the last. */
export function fittingUserData(...texts: readonly (() => string)[]): UserData {
  const [first, ...further] = texts;
  const text = first();
  const { compressed } = userDataSize(text);
  return compressed <= EC2_USER_DATA_LIMIT || further.length === 0
    ? { text, compressed }
    : fittingUserData(...further);
}

/**
 * The text as Terraform has to be given it, so that it comes out as it is: Terraform reads `${` and
 * `%{` as the beginning of a template, but they are shell and printf here. References that CDK for
 * Terraform put in stay references, and a dollar sign before one does not take its meaning.
 */
export function terraformLiteral(text: string): string {
  return text.replace(/\$+(?=\$\{TfToken\[)|\$\{(?!TfToken\[)|%\{/g, (special) =>
    special.endsWith("{") ? special[0] + special : `\${"${special}"}`,
  );
}
