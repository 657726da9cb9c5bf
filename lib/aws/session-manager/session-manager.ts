import { downloadModule, type HostFile } from "../../host/host-file";
import { packageSha256, packageUrl } from "../../input/debian-package";
import { type AwsHost, type BoundFeature, NO_FEATURE } from "../feature";
import type { Statement } from "../server/instance-role";

export const SESSION_MANAGER_FILES: readonly HostFile[] = [
  downloadModule(__dirname, "amazon_ssm_agent"),
];

/** Where the agent of Session Manager comes from. */
export interface SessionManagerProps {
  /**
   * Where the host downloads the agent's Debian package. Name a copy or a numbered version to pin it.
   *
   * @default - the latest version, from the S3 bucket of AWS, for the processor of the host
   */
  readonly packageUrl?: string | undefined;
  /**
   * The SHA-256 checksum of the package, 64 hexadecimal digits. Another package is not installed.
   *
   * @default - not checked; the download is protected by HTTPS alone
   */
  readonly packageSha256?: string | undefined;
}

/** Whether people can log in to the host. There is no SSH, and no open port for it. */
export class SessionManager {
  /**
   * By Session Manager of AWS: IAM decides who may log in, and CloudTrail records it. Debian has no
   * package of its agent.
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

  private readonly packageUrl: string;
  private readonly packageSha256: string;

  private constructor(
    private readonly isInstalled: boolean,
    props: SessionManagerProps,
  ) {
    // Empty for the latest of AWS.
    this.packageUrl =
      props.packageUrl === undefined
        ? ""
        : packageUrl("sessionManager.packageUrl", props.packageUrl);
    this.packageSha256 = packageSha256("sessionManager.packageSha256", props.packageSha256);
  }

  /** @internal */
  bind({ server: { role, instance } }: AwsHost): BoundFeature {
    if (!this.isInstalled) {
      return NO_FEATURE;
    }
    role.grant("SessionManager", ...rights(instance.arn));
    return {
      part: () => ({
        downloads: {
          "amazon-ssm-agent": { url: this.packageUrl, sha256: this.packageSha256 },
        },
      }),
    };
  }
}

/**
 * What the agent needs for sessions and nothing else. `AmazonSSMManagedInstanceCore` would also let
 * it read every parameter of the account. The message channels know no resources.
 *
 * Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
 *
 * @param instanceArn the instance that the sessions are for
 */
function rights(instanceArn: string): Statement[] {
  return [
    {
      Sid: "SessionChannels",
      Effect: "Allow",
      Action: [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      Resource: "*",
    },
    {
      Sid: "Registration",
      Effect: "Allow",
      Action: ["ssm:UpdateInstanceInformation"],
      Resource: instanceArn,
    },
  ];
}
