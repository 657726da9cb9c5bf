import type { AwsAnswer, AwsRequest } from "./aws";

/** One line as a host has sent it. */
export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

const HOUR = 3600 * 1000;

/**
 * As much of CloudWatch Logs as takes lines, with its limits.
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
export class CloudWatchLogs {
  /** The lines of the one stream there is, as they came. */
  readonly events: LogEvent[] = [];
  /** What was refused, and why. */
  readonly refusals: string[] = [];

  /** @param stream the group and the stream, with a space between */
  constructor(private readonly stream: string) {}

  readonly answer = ({ headers, body }: AwsRequest): AwsAnswer => {
    const problem = this.problem(headers["x-amz-target"], headers["content-type"], body);
    if (problem !== undefined) {
      this.refusals.push(problem);
      return { status: 400, body: JSON.stringify({ __type: problem }) };
    }
    const now = Date.now();
    const { logEvents } = JSON.parse(body) as { logEvents: LogEvent[] };
    const isTaken = ({ timestamp }: LogEvent) =>
      timestamp > now - 14 * 24 * HOUR && timestamp < now + 2 * HOUR;
    this.events.push(...logEvents.filter(isTaken));
    const rejected = logEvents.every(isTaken)
      ? {}
      : { rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1 } };
    return { status: 200, body: JSON.stringify({ nextSequenceToken: "1", ...rejected }) };
  };

  private problem(target: unknown, type: unknown, body: string): string | undefined {
    if (target !== "Logs_20140328.PutLogEvents" || type !== "application/x-amz-json-1.1") {
      return "UnknownOperationException";
    }
    const { logGroupName, logStreamName, logEvents } = JSON.parse(body);
    if (`${logGroupName} ${logStreamName}` !== this.stream) {
      return "ResourceNotFoundException";
    }
    const events = logEvents as LogEvent[];
    const sizes = events.map(({ message }) => Buffer.byteLength(message) + 26);
    const times = events.map(({ timestamp }) => timestamp);
    const isGood =
      events.length >= 1 &&
      events.length <= 10_000 &&
      sizes.reduce((sum, size) => sum + size) <= 1_048_576 &&
      sizes.every((size) => size > 26 && size <= 256 * 1024) &&
      times.every((time, index) => index === 0 || times[index - 1] <= time) &&
      (times.at(-1) as number) - times[0] <= 24 * HOUR;
    return isGood ? undefined : "InvalidParameterException";
  }
}
