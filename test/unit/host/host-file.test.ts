import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  downloadModule,
  dropIn,
  fixedFile,
  partFile,
  partModule,
  program,
  pythonModule,
  unit,
} from "../../../lib/host/host-file";

describe("a file that lies beside the part that ships it", () => {
  const content = "# Why this is so.\nfirst\n";
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "part-"));
    for (const name of ["backup-mx-x", "x.py", "x.service", "x.service.conf", "x.sources"]) {
      writeFileSync(join(folder, name), content);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["a program", () => program(folder, "backup-mx-x"), "/usr/local/sbin/backup-mx-x"],
    ["a module", () => pythonModule(folder, "x"), "/usr/local/lib/backup-mx/x.py"],
    [
      "a module that installs a package",
      () => downloadModule(folder, "x"),
      "/usr/local/lib/backup-mx/downloads/x.py",
    ],
    [
      "what a module reads",
      () => partFile(folder, "x.sources"),
      "/usr/local/lib/backup-mx/parts/x.sources",
    ],
    [
      "the module of a section",
      () => partModule(folder, "x"),
      "/usr/local/lib/backup-mx/parts/x.py",
    ],
    ["a unit", () => unit(folder, "x.service"), "/etc/systemd/system/x.service"],
    [
      "what a unit is told",
      () => dropIn(folder, "x.service"),
      "/etc/systemd/system/x.service.d/backup-mx.conf",
    ],
    [
      "what an instance of a unit is told",
      () => dropIn(folder, "x.service", "x@.service"),
      "/etc/systemd/system/x@.service.d/backup-mx.conf",
    ],
    [
      "a fixed file",
      () => fixedFile(folder, "/etc/chrony/sources.d/x.sources"),
      "/etc/chrony/sources.d/x.sources",
    ],
  ])("is %s, as it is written", (_, file, path) => {
    expect(file()).toMatchObject({ path, content });
  });

  test("can be run if it is a program, and otherwise not", () => {
    expect(program(folder, "backup-mx-x").isProgram).toBe(true);
    expect(pythonModule(folder, "x").isProgram).toBeFalsy();
    expect(unit(folder, "x.service").isProgram).toBeFalsy();
  });

  test("that is not there is an error at once", () => {
    expect(() => program(folder, "backup-mx-none")).toThrow("backup-mx-none");
  });
});
