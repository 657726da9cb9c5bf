import { inPython } from "../../../support/part";
import { describeWith, program } from "../../../support/requirements";

/** How many slots an instance with so many processors and MiB of memory gets. */
const slots = (instances: readonly (readonly [processors: number, mebibytes: number])[]) =>
  inPython<number[]>(
    [],
    `
import importlib.machinery, importlib.util, os, tempfile
path = os.path.join(sys.path[0], "../mailscanner/backup-mx-mailscanner-slots")
loader = importlib.machinery.SourceFileLoader("slots", path)
slots = importlib.util.module_from_spec(importlib.util.spec_from_loader("slots", loader))
loader.exec_module(slots)
result = []
with tempfile.NamedTemporaryFile("w") as file:
    slots.MEMINFO = file.name
    for processors, mebibytes in given:
        file.seek(0)
        file.truncate()
        file.write(f"MemTotal:       {mebibytes << 10} kB\\nMemFree: 1 kB\\n")
        file.flush()
        slots.os.cpu_count = lambda: processors
        result.append(slots.slots())
`,
    instances,
  );

describeWith([program("python3", "python3")], "the slots of MailScanner", () => {
  test("are one a processor, four at most, and fewer where memory is short", () => {
    expect(
      slots([
        [2, 1900],
        [2, 3800],
        [8, 16000],
        [4, 1900],
        [2, 900],
        [1, 400],
      ]),
    ).toEqual([2, 2, 4, 3, 1, 1]);
  });
});
