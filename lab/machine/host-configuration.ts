/**
 * The file in which the programs on a host find what the props say. Where it lies, and what is in
 * it, the lab knows here alone.
 */
const FILE = "/etc/backup-mx/configuration.json";

const CHANGE = `
import json, os, sys
path, section, name, value = sys.argv[1:]
with open(path) as file:
    settings = json.load(file)
settings.setdefault(section, {})[name] = value
with open(f"{path}.new", "w") as file:
    json.dump(settings, file)
os.replace(f"{path}.new", path)
`;

/** The command that changes a setting on a running host. */
export function changeSetting(section: string, name: string, value: string): string[] {
  return ["python3", "-c", CHANGE, FILE, section, name, value];
}
