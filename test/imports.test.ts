import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LIB = join(__dirname, "../lib");

/** What each folder may import beside itself: a construct knows its parts, no part knows it. */
const BELOW: { readonly [folder: string]: readonly string[] } = {
  aws: ["host", "mail", "terraform"],
  dns: ["host", "mail", "terraform"],
  host: ["mail"],
  mail: [],
  terraform: [],
};

test.each(Object.entries(BELOW))("%s imports from below only: %j", (folder, below) => {
  const files = readdirSync(join(LIB, folder)).filter((name) => name.endsWith(".ts"));
  expect(files).not.toEqual([]);
  const upwards = files.flatMap((file) =>
    [...readFileSync(join(LIB, folder, file), "utf8").matchAll(/from "\.\.\/([^/"]+)/g)]
      .filter(([, from]) => !below.includes(from))
      .map(([, from]) => `${file} from ${from}`),
  );
  expect(upwards).toEqual([]);
});
