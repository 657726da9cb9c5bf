import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What the two services of AWS know that a plan asks: images, subnets and zones. */
export class FakeAws {
  static readonly IMAGE = "ami-0123456789abcdef0";
  static readonly VPC = "vpc-0fedcba9876543210";
  static readonly ZONES = ["eu-central-1b", "eu-central-1c"];

  /** What was asked, such as `GetParameter /aws/service/…`. */
  readonly questions: string[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer(async (request, response) => {
      const answer = this.answer(request, await text(request));
      response.writeHead(answer === undefined ? 400 : 200).end(answer);
    });
  }

  static async start(): Promise<FakeAws> {
    const aws = new FakeAws();
    await once(aws.server.listen(0, "127.0.0.1"), "listening");
    return aws;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  private answer({ headers }: IncomingMessage, body: string): string | undefined {
    if (headers["x-amz-target"] === "AmazonSSM.GetParameter") {
      const name: string = JSON.parse(body).Name;
      this.questions.push(`GetParameter ${name}`);
      const common = { Name: name, Type: "String", Version: 1, DataType: "text" };
      return JSON.stringify({
        Parameter: { ...common, ARN: `arn:aws:ssm:::parameter${name}`, Value: FakeAws.IMAGE },
      });
    }
    const query = new URLSearchParams(body);
    const action = query.get("Action");
    if (action === "DescribeInstanceTypeOfferings") {
      const type = query.get("Filter.1.Value.1");
      this.questions.push(`${action} ${type}`);
      const offers = [...FakeAws.ZONES].reverse().map(
        (zone) => `<item>
             <instanceType>${type}</instanceType><location>${zone}</location>
             <locationType>availability-zone</locationType>
           </item>`,
      );
      return described(
        action,
        `<instanceTypeOfferingSet>${offers.join("")}</instanceTypeOfferingSet>`,
      );
    }
    const subnet = query.get("SubnetId.1");
    this.questions.push(`${action} ${subnet}`);
    return action === "DescribeSubnets" && subnet !== null
      ? described(
          action,
          `<subnetSet><item>
             <subnetId>${subnet}</subnetId><vpcId>${FakeAws.VPC}</vpcId>
             <availabilityZone>${FakeAws.ZONES[0]}</availabilityZone>
             <state>available</state><cidrBlock>10.0.0.0/24</cidrBlock>
           </item></subnetSet>`,
        )
      : undefined;
  }
}

function described(action: string, content: string): string {
  return `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>1</requestId>${content}
  </${action}Response>`;
}
