import { createHash } from "node:crypto";
import type { AwsAnswer, AwsRequest } from "./aws";

/** As much of a bucket of S3 as gives its objects to who may read them. */
export class Bucket {
  /** How often an object was given. */
  reads = 0;
  /** How often it was asked for. */
  looks = 0;
  private readonly objects = new Map<string, AwsAnswer>();

  readonly answer = ({ method, url, headers }: AwsRequest): AwsAnswer => {
    this.looks += 1;
    const object = method === "GET" ? this.objects.get(url) : undefined;
    if (object !== undefined && object.headers?.etag === headers["if-none-match"]) {
      return { status: 304, body: "" };
    }
    this.reads += object === undefined ? 0 : 1;
    // S3 does not tell whoever may not list a bucket that something is not in it.
    return object ?? { status: 403, body: "AccessDenied" };
  };

  put(key: string, body: string | Buffer): void {
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    this.objects.set(`/${key}`, { status: 200, body, headers: { etag } });
  }

  /** Puts all of these there. */
  fill(objects: Readonly<Record<string, string | Buffer>>): void {
    for (const [key, body] of Object.entries(objects)) {
      this.put(key, body);
    }
  }

  get(key: string): string {
    return `${this.objects.get(`/${key}`)?.body}`;
  }

  remove(key: string): void {
    this.objects.delete(`/${key}`);
  }

  /** From now on the connection breaks in the middle of the object. */
  cut(key: string): void {
    const { body } = this.objects.get(`/${key}`) ?? { body: "" };
    this.objects.set(`/${key}`, { status: 200, body, isCut: true, headers: { etag: '"cut"' } });
  }
}
