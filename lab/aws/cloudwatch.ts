import type { AwsAnswer, AwsRequest } from "./aws";

/** One value as a host has sent it. */
export interface Datum {
  readonly namespace: string;
  readonly dimensions: { readonly [name: string]: string };
  readonly value: number;
  readonly unit: string;
}

/** As much of CloudWatch as takes figures. */
export class CloudWatch {
  /** What came with each request, by the name of the figure. */
  readonly received: { readonly [metric: string]: Datum }[] = [];

  readonly answer = ({ body }: AwsRequest): AwsAnswer => {
    const sent = new URLSearchParams(body);
    const namespace = sent.get("Namespace");
    if (sent.get("Action") !== "PutMetricData" || namespace === null) {
      return { status: 400, body: "InvalidAction" };
    }
    const data: { [metric: string]: Datum } = {};
    for (let n = 1; sent.has(`MetricData.member.${n}.MetricName`); n++) {
      const of = (name: string) => sent.get(`MetricData.member.${n}.${name}`) ?? "";
      data[of("MetricName")] = {
        namespace,
        dimensions: { [of("Dimensions.member.1.Name")]: of("Dimensions.member.1.Value") },
        value: Number(of("Value")),
        unit: of("Unit"),
      };
    }
    this.received.push(data);
    return { status: 200, body: "<PutMetricDataResponse/>" };
  };
}
