import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { AwsAnswer } from "./aws";

/** A record set as Route 53 keeps it. */
export interface RecordSet {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly values: readonly string[];
}

/**
 * As much of Route 53 as `aws_route53_record` and certbot need, on loopback: one zone, which refuses to
 * create a record set twice and to delete one that is not exactly as told, as the real one does.
 */
export class Route53 {
  private readonly records = new Map<string, RecordSet>();
  private readonly server: Server;

  constructor(private readonly zoneName: string) {
    this.server = createServer((request, response) => {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        const answer = this.answer({ url: request.url ?? "", body });
        response.writeHead(answer.status, { "Content-Type": "text/xml" });
        response.end(answer.body);
      });
    });
  }

  /** Listens, and returns the URL. */
  async start(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await new Promise((done) => this.server.close(done));
  }

  /** Puts a record set into the zone, as somebody did long ago. */
  put(record: RecordSet): void {
    this.records.set(`${record.name} ${record.type}`, record);
  }

  /** The values of a record set, sorted; nothing where there is none. */
  values(name: string, type: string): readonly string[] | undefined {
    const found = this.records.get(`${name} ${type}`)?.values;
    return found && [...found].sort();
  }

  /** What it says to a request. */
  answer(request: { readonly url: string; readonly body: string }): AwsAnswer {
    const { status, xml } = this.xml(request.url, request.body);
    return { status, body: `<?xml version="1.0"?>\n${xml}` };
  }

  private xml(url: string, body: string): { status: number; xml: string } {
    if (url.includes("/change/")) {
      return { status: 200, xml: `<GetChangeResponse>${CHANGE}</GetChangeResponse>` };
    }
    if (body !== "") {
      return this.change(body);
    }
    if (url.includes("/rrset")) {
      return { status: 200, xml: this.list() };
    }
    const zone =
      `<HostedZone><Id>/hostedzone/${ZONE}</Id><Name>${this.zoneName}.</Name>` +
      "<CallerReference>x</CallerReference><Config><PrivateZone>false</PrivateZone></Config>" +
      "</HostedZone>";
    return {
      status: 200,
      xml: /\/hostedzone($|\?)/.test(url)
        ? `<ListHostedZonesResponse><HostedZones>${zone}</HostedZones>` +
          "<IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>"
        : `<GetHostedZoneResponse>${zone}</GetHostedZoneResponse>`,
    };
  }

  private change(body: string): { status: number; xml: string } {
    const next = new Map(this.records);
    for (const [, change] of body.matchAll(/<Change>(.*?)<\/Change>/gs)) {
      const action = text(change, "Action");
      const record = {
        name: text(change, "Name").replace(/\.$/, ""),
        type: text(change, "Type"),
        ttl: Number(text(change, "TTL")),
        values: [...change.matchAll(/<Value>(.*?)<\/Value>/gs)].map(([, value]) => value),
      };
      const key = `${record.name} ${record.type}`;
      const there = next.get(key);
      if (action === "CREATE" && there !== undefined) {
        return refused(`Tried to create resource record set ${key} but it already exists`);
      }
      if (action === "DELETE") {
        if (
          there === undefined ||
          [...there.values].sort().join() !== record.values.sort().join()
        ) {
          return refused(`Tried to delete resource record set ${key} but it was not found`);
        }
        next.delete(key);
      } else {
        next.set(key, record);
      }
    }
    this.records.clear();
    for (const [key, record] of next) {
      this.records.set(key, record);
    }
    return {
      status: 200,
      xml: `<ChangeResourceRecordSetsResponse>${CHANGE}</ChangeResourceRecordSetsResponse>`,
    };
  }

  private list(): string {
    const sets = [...this.records.values()].map(
      ({ name, type, ttl, values }) =>
        `<ResourceRecordSet><Name>${name}.</Name><Type>${type}</Type><TTL>${ttl}</TTL>` +
        `<ResourceRecords>${values
          .map((value) => `<ResourceRecord><Value>${value}</Value></ResourceRecord>`)
          .join("")}</ResourceRecords></ResourceRecordSet>`,
    );
    return (
      `<ListResourceRecordSetsResponse><ResourceRecordSets>${sets.join("")}</ResourceRecordSets>` +
      "<IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListResourceRecordSetsResponse>"
    );
  }
}

/** The only zone there is. */
export const ZONE = "Z0123456789ABCDEFGHIJ";

const CHANGE =
  "<ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status>" +
  "<SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo>";

function text(xml: string, element: string): string {
  return new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(xml)?.[1] ?? "";
}

function refused(message: string): { status: number; xml: string } {
  return {
    status: 400,
    xml:
      '<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages>' +
      `<Message>${message}</Message></Messages></InvalidChangeBatch>`,
  };
}
