import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";
import { addressed } from "../../terraform/address";

/** What a role may do, in the words of an IAM policy. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

/** What the role is called. */
export interface InstanceRoleProps {
  /** The value of the Name tag. */
  readonly name: string;
}

/** What the host may do in AWS: nothing, until it is granted. */
export class InstanceRole extends Construct {
  readonly role: IamRole;
  readonly profile: IamInstanceProfile;

  constructor(scope: Construct, id: string, props: InstanceRoleProps) {
    super(scope, id);
    this.role = addressed(
      new IamRole(this, "Resource", {
        namePrefix: "backup-mx-",
        description: "What a backup MX may do in AWS",
        assumeRolePolicy: policy([
          {
            Effect: "Allow",
            Action: ["sts:AssumeRole"],
            Principal: { Service: "ec2.amazonaws.com" },
          },
        ]),
        tags: { Name: props.name },
      }),
    );
    this.profile = addressed(
      new IamInstanceProfile(this, "Profile", {
        namePrefix: "backup-mx-",
        role: this.role.name,
        tags: { Name: props.name },
      }),
    );
  }

  /** Grants rights, each group of them in a policy of its own. */
  grant(id: string, ...statements: Statement[]): IamRolePolicy {
    return addressed(
      new IamRolePolicy(this, id, {
        namePrefix: `${id.toLowerCase()}-`,
        role: this.role.id,
        policy: policy(statements),
      }),
    );
  }
}

function policy(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
