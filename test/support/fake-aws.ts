import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What the two services of AWS know that a plan asks: images and subnets. */
export class FakeAws {
  static readonly IMAGE = "ami-0123456789abcdef0";
  static readonly VPC = "vpc-0fedcba9876543210";

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
    const subnet = query.get("SubnetId.1");
    this.questions.push(`${query.get("Action")} ${subnet}`);
    return query.get("Action") === "DescribeSubnets" && subnet !== null
      ? `<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
           <requestId>1</requestId>
           <subnetSet><item>
             <subnetId>${subnet}</subnetId><vpcId>${FakeAws.VPC}</vpcId>
             <state>available</state><cidrBlock>10.0.0.0/24</cidrBlock>
           </item></subnetSet>
         </DescribeSubnetsResponse>`
      : undefined;
  }
}
