import { packageSha256, packageUrl } from "../../input/debian-package";

/** Where the agent of Session Manager comes from. */
export interface SessionManagerProps {
  /**
   * Where the host downloads the agent's Debian package. Name a copy or a numbered version to pin it.
   *
   * @default - the latest version, from the S3 bucket of AWS, for the processor of the host
   */
  readonly packageUrl?: string;
  /**
   * The SHA-256 checksum of the package, 64 hexadecimal digits. Another package is not installed.
   *
   * @default - not checked; the download is protected by HTTPS alone
   */
  readonly packageSha256?: string;
}

/** Whether people can log in to the host. There is no SSH, and no open port for it. */
export class SessionManager {
  /**
   * By Session Manager of AWS: who may log in is decided in IAM, and CloudTrail records it. Its
   * agent is no package of Debian.
   *
   * Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html
   *
   * @throws if a URL or checksum cannot be used
   */
  static install(props: SessionManagerProps = {}): SessionManager {
    return new SessionManager(true, props);
  }

  /** Nobody can log in. */
  static none(): SessionManager {
    return new SessionManager(false, {});
  }

  /** Where the package comes from; empty for the latest of AWS. */
  readonly packageUrl: string;
  /** The expected checksum in lower case; empty if none is known. */
  readonly packageSha256: string;

  private constructor(
    /** Whether the agent is installed. */
    readonly isInstalled: boolean,
    props: SessionManagerProps,
  ) {
    this.packageUrl =
      props.packageUrl === undefined
        ? ""
        : packageUrl("sessionManager.packageUrl", props.packageUrl);
    this.packageSha256 = packageSha256("sessionManager.packageSha256", props.packageSha256);
  }
}
