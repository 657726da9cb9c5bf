import type { AwsAnswer, AwsRequest } from "./aws";

/** As much of a bucket of S3 as gives its objects to who may read them. */
export class Bucket {
  /** How often an object was read. */
  reads = 0;
  private readonly objects = new Map<string, AwsAnswer>();

  readonly answer = ({ method, url }: AwsRequest): AwsAnswer => {
    const object = method === "GET" ? this.objects.get(url) : undefined;
    this.reads += object === undefined ? 0 : 1;
    return object ?? { status: 404, body: "NoSuchKey" };
  };

  put(key: string, body: string | Buffer): void {
    this.objects.set(`/${key}`, { status: 200, body });
  }

  /** From now on the connection breaks in the middle of the object. */
  cut(key: string): void {
    const { body } = this.objects.get(`/${key}`) ?? { body: "" };
    this.objects.set(`/${key}`, { status: 200, body, isCut: true });
  }
}
